import { pino, type Logger } from 'pino'

export type { Logger }

/** JSON lines on stdout. Tokens, secrets and document content never reach it: callers pass names and counts only. */
export const createLogger = (level: string): Logger =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: {
      paths: ['token', 'authorization', 'secret', '*.token', '*.authorization', '*.secret'],
      censor: '[redacted]',
    },
  })
