import { z } from 'zod'
import { CodraftError } from '../extensions/errors.ts'
import { serverSettings } from './config/server.ts'
import { storeSettings } from './config/store.ts'
import { authSettings } from './config/auth.ts'
import { admissionSettings } from './config/admission.ts'
import { restSettings } from './config/rest.ts'
import { historySettings } from './config/history.ts'
import { exportsSettings } from './config/exports.ts'
import { transportSettings } from './config/transport.ts'
import { fleetSettings } from './config/fleet.ts'
import { objectStoreSettings } from './config/object-store.ts'
import { durabilitySettings } from './config/durability.ts'
import { eventsSettings } from './config/events.ts'
import { settings, type SettingMeta } from './config/leaf.ts'
import { loggingSettings } from './config/logging.ts'
import { notificationSettings } from './config/notifications.ts'
import { tracingSettings } from './config/tracing.ts'

/**
 * All settings: one leaf for each environment variable. Nothing else knows their names, defaults
 * and units; the reference page, `.env.example` and `codraft config` are made from it.
 */
const schema = z.object({
  ...serverSettings,
  ...loggingSettings,
  ...storeSettings,
  ...authSettings,
  ...admissionSettings,
  ...restSettings,
  ...historySettings,
  ...exportsSettings,
  ...transportSettings,
  ...fleetSettings,
  ...objectStoreSettings,
  ...durabilitySettings,
  ...eventsSettings,
  ...notificationSettings,
  ...tracingSettings,
})

/** The effective settings. */
export type Config = Readonly<z.infer<typeof schema>>

export interface Setting extends SettingMeta {
  readonly key: keyof Config
  /** Text form of the default; undefined when there is none. */
  readonly default?: string
}

/** The settings in their order of documentation. */
export const settingList: readonly Setting[] = Object.entries(schema.shape).map(([key, leaf]) => {
  const meta = settings.get(leaf as z.ZodType)
  if (!meta) throw new Error(`setting ${key} has no description`)
  const fallback = leaf.safeParse(undefined)
  const text = fallback.success ? toText(fallback.data) : undefined
  return { key: key as keyof Config, ...meta, ...(text === undefined ? {} : { default: text }) }
})

function toText(value: unknown): string | undefined {
  if (value === undefined) return undefined
  return Array.isArray(value) ? value.join(',') : `${value as string | number | boolean}`
}

/**
 * Reads the settings. An empty variable counts as not set.
 *
 * @throws {CodraftError} CODRAFT_CONFIG_INVALID, with one line for each bad variable
 */
export const loadConfig = (env: NodeJS.ProcessEnv): Config => {
  const input = Object.fromEntries(settingList.map(({ key, env: name }) => [key, env[name] || undefined]))
  const parsed = schema.safeParse(input)
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => describe(issue.path[0], issue.message))
  if (parsed.success && parsed.data.jwtSecret && parsed.data.jwksUrl) {
    problems.push('AUTH_JWT_SECRET and AUTH_JWKS_URL exclude each other: unset one of them')
  }
  if (parsed.success && parsed.data.readDatabases.length > 0 && parsed.data.databases.length === 0) {
    problems.push('DATABASE_READ_URLS needs the DATABASE_URL that it replicates')
  }
  if (parsed.success)
    problems.push(...halfDkim(parsed.data), ...halfVapid(parsed.data), ...unshared(parsed.data))
  if (parsed.success && parsed.data.s3SseKmsKeyId && !parsed.data.s3Sse?.startsWith('aws:kms')) {
    problems.push('S3_SSE_KMS_KEY_ID needs S3_SSE=aws:kms or aws:kms:dsse')
  }
  if (!parsed.success || problems.length > 0) {
    throw new CodraftError(
      'CODRAFT_CONFIG_INVALID',
      `${problems.length} bad setting(s):\n  ${problems.join('\n  ')}`,
    )
  }
  return parsed.data
}

const halfDkim = ({ dkimDomain, dkimSelector, dkimPrivateKey }: Config): string[] => {
  const given = [dkimDomain, dkimSelector, dkimPrivateKey].filter((value) => value !== undefined).length
  return given === 0 || given === 3 ? [] : ['DKIM_DOMAIN, DKIM_SELECTOR and DKIM_PRIVATE_KEY need each other']
}

const halfVapid = ({ vapidPublicKey, vapidPrivateKey }: Config): string[] =>
  (vapidPublicKey === undefined) === (vapidPrivateKey === undefined)
    ? []
    : ['VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY need each other']

/** What several instances must have in common, and do not. */
const unshared = (config: Config): string[] => {
  const { redisUrl, jwtSecret, jwksUrl, s3Bucket, databases } = config
  if (redisUrl === undefined) return []
  const needs = (what: string, why: string): string =>
    `REDIS_URL joins several instances, which needs ${what}: ${why}`
  return [
    ...(s3Bucket === undefined
      ? [needs('S3_BUCKET', 'snapshots in a local folder are not seen by the others')]
      : []),
    ...(databases.some((url) => url.startsWith('postgres'))
      ? []
      : [needs('DATABASE_URL', 'a SQLite file is not seen by the others')]),
    ...(jwtSecret === undefined && jwksUrl === undefined
      ? [needs('AUTH_JWT_SECRET or AUTH_JWKS_URL', 'the others refuse tokens of a secret that one has made')]
      : []),
  ]
}

const describe = (key: unknown, message: string): string => {
  const setting = settingList.find((candidate) => candidate.key === key)
  if (!setting) return message
  return `${setting.env} ${message}${setting.default === undefined ? '' : ` (default ${setting.default})`}: ${setting.description}`
}

/** The settings as `codraft config` shows them, secrets masked. */
export const describeConfig = (config: Config): { env: string; value: string; isDefault: boolean }[] =>
  settingList.map(({ key, env, secret, default: fallback }) => {
    const text = toText(config[key])
    return { env, value: !text ? '' : secret ? '********' : text, isDefault: text === fallback }
  })
