export const logLevelNames = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

export type LogLevel = (typeof logLevelNames)[number]

/** The parts whose lines say `module`, and that LOG_LEVELS names. */
export const logModules = [
  'documents',
  'events',
  'http',
  'journal',
  'redis',
  'snapshots',
  'store',
  'transport',
  'workers',
] as const

export type LogModule = (typeof logModules)[number]

export type LogLevels = Readonly<Partial<Record<LogModule, LogLevel>>>

/** The levels that a list such as `transport=debug,redis=warn` gives; undefined when it names what is unknown. */
export const parseLogLevels = (list: string): LogLevels | undefined => {
  const levels: Partial<Record<LogModule, LogLevel>> = {}
  for (const pair of list.split(',')) {
    const [module, level, ...rest] = pair.split('=').map((part) => part.trim())
    if (!isOneOf(logModules, module) || !isOneOf(logLevelNames, level) || rest.length > 0) return undefined
    levels[module] = level
  }
  return levels
}

const isOneOf = <Name extends string>(names: readonly Name[], text: string | undefined): text is Name =>
  (names as readonly (string | undefined)[]).includes(text)
