import { z } from 'zod'
import { settings } from './leaf.ts'
import { logLevelNames, logModules, parseLogLevels } from '../log-levels.ts'

const group = 'Server'
const modules = logModules.join(', ')

/** Settings of the log. */
export const loggingSettings = {
  logLevel: z.enum(logLevelNames).default('info').register(settings, {
    env: 'LOG_LEVEL',
    group,
    description: 'Least severe level that is logged: trace, debug, info, warn, error or silent.',
  }),
  logLevels: z
    .string()
    .refine(
      (list) => parseLogLevels(list) !== undefined,
      `must be pairs such as transport=debug,redis=warn of a module (${modules}) and a level of LOG_LEVEL`,
    )
    .optional()
    .register(settings, {
      env: 'LOG_LEVELS',
      group,
      description: `Levels of single modules, in the place of LOG_LEVEL: module=level, comma-separated. Modules: ${modules}.`,
    }),
}
