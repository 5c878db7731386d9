import { trace } from '@opentelemetry/api'
import { pino, type Logger } from 'pino'
import { logModules, parseLogLevels, type LogModule } from './log-levels.ts'

export type { Logger }

/** A warning or an error, and how often in a row it was logged. */
export interface LoggedProblem {
  /** Of the last time, ISO 8601. */
  readonly time: string
  readonly level: string
  readonly message: string
  readonly count: number
}

const keptProblems = 50
const warningLevel = pino.levels.values['warn'] as number

/** The last warnings and errors of a logger and its children. */
export class ProblemLog {
  #problems: LoggedProblem[] = []

  /** The newest first. */
  list(): LoggedProblem[] {
    return this.#problems.toReversed()
  }

  add(level: number, [first, text]: readonly unknown[]): void {
    if (level < warningLevel) return
    const { err } = (typeof first === 'object' ? first : {}) as { err?: { message?: unknown } }
    const message = [typeof first === 'string' ? first : text, err?.message]
      .filter((part) => typeof part === 'string')
      .join(': ')
    const last = this.#problems.at(-1)
    const count = last?.message === message ? last.count + 1 : 1
    if (count > 1) this.#problems.pop()
    this.#problems.push({
      time: new Date().toISOString(),
      level: pino.levels.labels[level] ?? `${level}`,
      message,
      count,
    })
    if (this.#problems.length > keptProblems) this.#problems.shift()
  }
}

const problemLogs = new WeakMap<Logger, ProblemLog>()

/** The problems of a logger that {@link createLogger} has made; of another one, none. */
export const problemLogOf = (logger: Logger): ProblemLog => problemLogs.get(logger) ?? new ProblemLog()

/** Which trace a line belongs to, under the names of OpenTelemetry. */
const traceFields = (): object => {
  const active = trace.getActiveSpan()?.spanContext()
  return active ? { trace_id: active.traceId, span_id: active.spanId } : {}
}

/** JSON lines on stdout. Tokens, secrets and document content never reach it: callers pass names and counts only. */
export const createLogger = (level: string): Logger => {
  const problems = new ProblemLog()
  const logger = pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: traceFields,
    formatters: { level: (label) => ({ level: label }) },
    hooks: {
      logMethod(args, method, level) {
        problems.add(level, args)
        method.apply(this, args)
      },
    },
    redact: {
      paths: ['token', 'authorization', 'secret', '*.token', '*.authorization', '*.secret'],
      censor: '[redacted]',
    },
  })
  problemLogs.set(logger, problems)
  return logger
}

/** The loggers of all modules, beneath `logger`, each at the level that LOG_LEVELS has for it. */
export const moduleLoggers = (
  logger: Logger,
  { logLevels }: { readonly logLevels?: string | undefined },
): Readonly<Record<LogModule, Logger>> => {
  const levels = logLevels === undefined ? {} : (parseLogLevels(logLevels) ?? {})
  const loggers = logModules.map((module) => {
    const level = levels[module]
    return [module, logger.child({ module }, level === undefined ? {} : { level })] as const
  })
  return Object.fromEntries(loggers) as Record<LogModule, Logger>
}
