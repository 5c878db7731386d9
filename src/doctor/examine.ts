import { errorCatalogue } from '../../extensions/errors.ts'
import { loadConfig, type Config } from '../config.ts'
import { findingOf, problem, type Check, type Finding } from './Check.ts'
import { clock } from './clock.ts'
import { database } from './database.ts'
import { disk } from './disk.ts'
import { fileLimit } from './file-limit.ts'
import { kafka } from './kafka.ts'
import { objectStore } from './object-store.ts'
import { proxy } from './proxy.ts'
import { redis } from './redis.ts'
import { versions } from './versions.ts'

const deadlineMs = 20_000

export interface CheckReport {
  readonly check: string
  readonly findings: readonly Finding[]
}

const checks: readonly Check[] = [
  versions,
  disk,
  fileLimit,
  redis,
  objectStore,
  kafka,
  database,
  clock,
  proxy,
]

/** Looks at everything that the settings name. With bad settings there is nothing more to look at. */
export const examine = async (env: NodeJS.ProcessEnv): Promise<CheckReport[]> => {
  let config: Config
  try {
    config = loadConfig(env)
  } catch (error) {
    return [{ check: 'settings', findings: settingFindings(error) }]
  }
  const applicable = checks.filter((check) => check.appliesTo(config))
  const reports = applicable.map(async (check) => ({
    check: check.name,
    findings: await within(deadlineMs, check.run(config)).catch((error: unknown) => [findingOf(error)]),
  }))
  return [{ check: 'settings', findings: [] }, ...(await Promise.all(reports))]
}

/** What does not answer is waited for no longer; the command ends with it. */
const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1_000} s`)), ms)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** One for each line of CODRAFT_CONFIG_INVALID. */
const settingFindings = (error: unknown): Finding[] => {
  const [, ...lines] = (error instanceof Error ? error.message : String(error)).split('\n')
  return lines.map((line) => problem(line.trim(), errorCatalogue.CODRAFT_CONFIG_INVALID.cure))
}
