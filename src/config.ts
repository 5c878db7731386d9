import { z } from 'zod'
import { CodraftError } from '../extensions/errors.ts'
import {
  anyNumber,
  flag,
  list,
  minSecretBytes,
  number,
  decimal,
  optionalFlag,
  settings,
  type SettingMeta,
} from './config-leaf.ts'
import { loggingSettings } from './config-logging.ts'
import { notificationSettings } from './config-notifications.ts'
import { tracingSettings } from './config-tracing.ts'
import { parseWorkers, workerNames } from './workers/names.ts'

const isDatabaseUrl = (url: string): boolean => /^(?:postgres(?:ql)?:\/\/.|sqlite:.)/.test(url)
const databaseUrlRule = 'must be postgres://user:password@host:port/name, or sqlite: and the path of a file'

/**
 * All settings: one leaf for each environment variable. This is the only place that knows their names, defaults
 * and units; the reference page, `.env.example` and `codraft config` are made from it.
 */
const schema = z.object({
  port: number(0, 65_535, 8080).register(settings, {
    env: 'PORT',
    group: 'Server',
    description: 'TCP port of HTTP and WebSocket; 0 picks a free one.',
  }),
  host: z.string().min(1).default('127.0.0.1').register(settings, {
    env: 'HOST',
    group: 'Server',
    description: 'Address to listen on. Nothing listens beyond loopback unless this says so.',
  }),
  dataDir: z.string().min(1).default('./data').register(settings, {
    env: 'CODRAFT_DATA_DIR',
    group: 'Server',
    description: 'Folder of the journal, the snapshots and the generated secret.',
  }),
  ...loggingSettings,
  shutdownDeadlineMs: number(100, 600_000, 15_000).register(settings, {
    env: 'SHUTDOWN_DEADLINE_MS',
    unit: 'ms',
    group: 'Server',
    description: 'How long SIGTERM may take to store everything; past it the exit code is 1.',
  }),

  drainSpreadMs: number(0, 600_000, 5_000).register(settings, {
    env: 'DRAIN_SPREAD_MS',
    unit: 'ms',
    group: 'Server',
    description:
      'On SIGTERM clients are told to move to another instance, one after the other over this time at most, not all at once.',
  }),

  databases: list()
    .refine((urls) => urls.every(isDatabaseUrl), databaseUrlRule)
    .register(settings, {
      env: 'DATABASE_URL',
      secret: true,
      group: 'Store',
      description:
        'Database of documents, permissions, versions and audit: a PostgreSQL URL. Several, comma-separated, share the documents; their number and order must not change later. Not set: a SQLite file in the data folder.',
    }),
  readDatabases: list()
    .refine((urls) => urls.every(isDatabaseUrl), databaseUrlRule)
    .register(settings, {
      env: 'DATABASE_READ_URLS',
      secret: true,
      group: 'Store',
      description:
        'Replicas that serve reads which may be a little stale (lists), never permission checks. Comma-separated, in the order of DATABASE_URL, and from the start again.',
    }),

  jwtSecret: z
    .string()
    .refine(
      (text) => Buffer.byteLength(text) >= minSecretBytes,
      `must be at least ${minSecretBytes} bytes; make one with: openssl rand -base64 48`,
    )
    .optional()
    .register(settings, {
      env: 'AUTH_JWT_SECRET',
      secret: true,
      group: 'Auth',
      description:
        'HS256 secret of access tokens, at least 32 bytes. Without it and without AUTH_JWKS_URL the server makes one and issues guest tokens on loopback.',
    }),
  jwksUrl: z.url('must be a URL').optional().register(settings, {
    env: 'AUTH_JWKS_URL',
    group: 'Auth',
    description: 'JSON Web Key Set of your identity provider; takes the place of AUTH_JWT_SECRET.',
  }),
  jwtAlgorithms: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    )
    .pipe(
      z
        .array(
          z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']),
        )
        .min(1),
    )
    .default(['RS256', 'ES256', 'EdDSA'])
    .register(settings, {
      env: 'AUTH_JWT_ALGORITHMS',
      group: 'Auth',
      description:
        'Signature algorithms accepted from the key set, comma-separated. With AUTH_JWT_SECRET it is always HS256.',
    }),
  jwtIssuer: z
    .string()
    .min(1)
    .optional()
    .register(settings, { env: 'AUTH_JWT_ISSUER', group: 'Auth', description: 'Required `iss` claim.' }),
  jwtAudience: z
    .string()
    .min(1)
    .optional()
    .register(settings, { env: 'AUTH_JWT_AUDIENCE', group: 'Auth', description: 'Required `aud` claim.' }),
  tokenLeewaySeconds: number(0, 300, 5).register(settings, {
    env: 'AUTH_LEEWAY_SECONDS',
    unit: 's',
    group: 'Auth',
    description: 'Clock difference tolerated in `exp` and `nbf`.',
  }),

  allowedOrigins: list().register(settings, {
    env: 'ALLOWED_ORIGINS',
    group: 'Admission',
    description:
      'Origins whose pages may connect, comma-separated; `*` allows all. The own origin is always allowed, as is a client that sends none.',
  }),
  trustedProxies: list().register(settings, {
    env: 'TRUSTED_PROXIES',
    group: 'Admission',
    description: 'Addresses or CIDR ranges of proxies whose X-Forwarded-For is believed, comma-separated.',
  }),
  maxConnections: number(1, 1_000_000, 18_000).register(settings, {
    env: 'MAX_CONNECTIONS',
    group: 'Admission',
    description: 'WebSocket connections of this instance. Keep it below the open-file limit.',
  }),
  maxConnectionsPerAddress: number(1, 1_000_000, 2_000).register(settings, {
    env: 'MAX_CONNECTIONS_PER_ADDRESS',
    group: 'Admission',
    description: 'Connections from one client address; loopback is exempt.',
  }),
  maxConnectionsPerUser: number(1, 1_000_000, 10_000).register(settings, {
    env: 'MAX_CONNECTIONS_PER_USER',
    group: 'Admission',
    description: 'Connections of one user (`sub` claim).',
  }),
  maxDocumentsPerConnection: number(1, 100_000, 200).register(settings, {
    env: 'MAX_DOCUMENTS_PER_CONNECTION',
    group: 'Admission',
    description: 'Documents opened over one connection.',
  }),
  authDeadlineMs: number(100, 600_000, 10_000).register(settings, {
    env: 'AUTH_DEADLINE_MS',
    unit: 'ms',
    group: 'Admission',
    description: 'Time to authenticate after the connection opens.',
  }),
  idleTimeoutMs: number(1_000, 3_600_000, 60_000).register(settings, {
    env: 'IDLE_TIMEOUT_MS',
    unit: 'ms',
    group: 'Admission',
    description: 'A connection that sends nothing for this long, not even a pong, is closed.',
  }),
  maxMessageBytes: number(1_024, 1 << 30, 16 * 1024 * 1024).register(settings, {
    env: 'MAX_MESSAGE_BYTES',
    unit: 'bytes',
    group: 'Admission',
    description: 'Largest WebSocket message, and so the largest first synchronisation of a client.',
  }),
  maxUpdateBytes: number(1_024, 1 << 30, 1024 * 1024).register(settings, {
    env: 'MAX_UPDATE_BYTES',
    unit: 'bytes',
    group: 'Admission',
    description: 'Largest single update (one edit or paste).',
  }),
  maxMessagesPerSecond: number(10, 1_000_000, 10_000).register(settings, {
    env: 'MAX_MESSAGES_PER_SECOND',
    group: 'Admission',
    description:
      'Messages a second read from one connection, with a burst of twice as many; past it the server reads later, it drops nothing.',
  }),
  maxAwarenessBytes: number(64, 1 << 20, 16 * 1024).register(settings, {
    env: 'MAX_AWARENESS_BYTES',
    unit: 'bytes',
    group: 'Admission',
    description: 'Largest awareness state of one client.',
  }),

  publicUrl: z
    .url('must be a URL')
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .register(settings, {
      env: 'PUBLIC_URL',
      group: 'REST',
      description:
        'Address under which people reach this server, for links in mails. Default: the one it listens on.',
    }),
  linkSecret: z
    .string()
    .refine(
      (text) => Buffer.byteLength(text) >= minSecretBytes,
      `must be at least ${minSecretBytes} bytes; make one with: openssl rand -base64 48`,
    )
    .optional()
    .register(settings, {
      env: 'LINK_SECRET',
      secret: true,
      group: 'REST',
      description:
        'Signs the links of invitations, the same on every instance. Default: AUTH_JWT_SECRET, else one made in the data folder.',
    }),
  versionAfterEdits: number(0, 1_000_000_000, 1_000).register(settings, {
    env: 'VERSION_AFTER_EDITS',
    group: 'History',
    description:
      'A document with this many edits since its last version gets one; 0 = none is made by itself.',
  }),
  versionAfterMs: number(100, 86_400_000, 600_000).register(settings, {
    env: 'VERSION_AFTER_MS',
    unit: 'ms',
    group: 'History',
    description: 'A document edited this long ago gets a version.',
  }),
  versionKeepDays: number(1, 36_500, 365).register(settings, {
    env: 'VERSION_KEEP_DAYS',
    unit: 'days',
    group: 'History',
    description:
      'Versions that were made by themselves are kept this long: all of a day, then one an hour for a week, one a day for 90 days, one a week. Named ones stay.',
  }),

  exportKeepDays: number(1, 36_500, 30).register(settings, {
    env: 'EXPORT_KEEP_DAYS',
    unit: 'days',
    group: 'Exports',
    description: 'Exported files are kept this long.',
  }),
  exportConcurrency: number(1, 64, 1).register(settings, {
    env: 'EXPORT_CONCURRENCY',
    group: 'Exports',
    description: 'Files that one worker makes at the same time, each in a process of its own of up to 1 GiB.',
  }),
  exportDeadlineMs: number(1_000, 3_600_000, 60_000).register(settings, {
    env: 'EXPORT_DEADLINE_MS',
    unit: 'ms',
    group: 'Exports',
    description: 'Time for one file; its process is ended past it.',
  }),

  binKeepDays: number(1, 36_500, 30).register(settings, {
    env: 'BIN_KEEP_DAYS',
    unit: 'days',
    group: 'History',
    description: 'A document that has been in the bin this long is erased.',
  }),

  restMaxBodyBytes: number(1_024, 1 << 30, 32 * 1024 * 1024).register(settings, {
    env: 'REST_MAX_BODY_BYTES',
    unit: 'bytes',
    group: 'REST',
    description: 'Largest document that one request may bring; updates are limited by MAX_UPDATE_BYTES.',
  }),
  restMaxRequestsPerMinute: number(1, 100_000_000, 6_000).register(settings, {
    env: 'REST_MAX_REQUESTS_PER_MINUTE',
    group: 'REST',
    description: 'Requests to /api of one user a minute, on each instance; past it the answer is 429.',
  }),
  restWriteDeadlineMs: number(100, 600_000, 15_000).register(settings, {
    env: 'REST_WRITE_DEADLINE_MS',
    unit: 'ms',
    group: 'REST',
    description: 'How long a request waits for its edit to become durable; past it the answer is 503.',
  }),

  flushMsPerReader: decimal(0, 10, 0.15).register(settings, {
    env: 'FLUSH_MS_PER_READER',
    unit: 'ms',
    group: 'Transport',
    description: 'A busy document is sent once in this time × its readers; a quiet one at once.',
  }),
  flushMaxMs: number(0, 1_000, 50).register(settings, {
    env: 'FLUSH_MAX_MS',
    unit: 'ms',
    group: 'Transport',
    description: 'Longest time between two sends of a busy document.',
  }),
  awarenessWindowMs: number(0, 1_000, 40).register(settings, {
    env: 'AWARENESS_WINDOW_MS',
    unit: 'ms',
    group: 'Transport',
    description: 'Cursors are sent once in this time.',
  }),
  slowReaderBytes: number(16 * 1024, 1 << 30, 1024 * 1024).register(settings, {
    env: 'SLOW_READER_BYTES',
    unit: 'bytes',
    group: 'Transport',
    description:
      'Unsent bytes of one connection past which it gets one difference later instead of every update.',
  }),
  slowReaderDeadlineMs: number(1_000, 3_600_000, 120_000).register(settings, {
    env: 'SLOW_READER_DEADLINE_MS',
    unit: 'ms',
    group: 'Transport',
    description: 'A connection that has not read for this long is closed.',
  }),

  redisUrl: z
    .string()
    .refine(
      (text) => text.split(',').every((node) => /^(rediss?:\/\/)?[^\s,/]+/.test(node.trim())),
      'must be redis://host:port, or several of them, comma-separated',
    )
    .optional()
    .register(settings, {
      env: 'REDIS_URL',
      secret: true,
      group: 'Fleet',
      description:
        'Redis 7 or newer that makes several instances one service; several addresses, comma-separated, are nodes of a Redis Cluster.',
    }),
  redisPrefix: z
    .string()
    .regex(/^[\w:.-]*$/, 'may hold letters, digits and _ : . - only')
    .default('')
    .register(settings, {
      env: 'REDIS_PREFIX',
      group: 'Fleet',
      description: 'Before all keys and channels in Redis, so that several fleets can share one.',
    }),
  redisGatherMs: number(0, 1_000, 10).register(settings, {
    env: 'REDIS_GATHER_MS',
    unit: 'ms',
    group: 'Fleet',
    description: 'As JOURNAL_GATHER_MS, for the journal in Redis.',
  }),
  redisWaitReplicas: number(0, 5, 0).register(settings, {
    env: 'REDIS_WAIT_REPLICAS',
    group: 'Fleet',
    description: 'Replicas of Redis that must have received an edit before it is acknowledged.',
  }),
  redisAntiEntropyMs: number(100, 3_600_000, 10_000).register(settings, {
    env: 'REDIS_ANTI_ENTROPY_MS',
    unit: 'ms',
    group: 'Fleet',
    description: 'Messages that Redis has lost without a trace are missed for this long at most.',
  }),
  instanceId: z
    .string()
    .regex(/^[\w-]{8}$/, 'must be eight letters, digits, _ or -')
    .optional()
    .register(settings, {
      env: 'INSTANCE_ID',
      group: 'Fleet',
      description: 'Name of this instance, unique in the fleet. Not set: it makes one at each start.',
    }),

  s3Bucket: z.string().min(1).optional().register(settings, {
    env: 'S3_BUCKET',
    group: 'Object store',
    description:
      'Bucket of snapshots and files; without it they are in the data folder. Credentials are found as all AWS programs do: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of the machine.',
  }),
  s3Endpoint: z.url('must be a URL').optional().register(settings, {
    env: 'S3_ENDPOINT',
    group: 'Object store',
    description: 'URL of an S3-compatible server; it must honour If-Match and If-None-Match in PutObject.',
  }),
  s3PublicEndpoint: z.url('must be a URL').optional().register(settings, {
    env: 'S3_PUBLIC_ENDPOINT',
    group: 'Object store',
    description: 'URL of S3_ENDPOINT as browsers reach it, for download links. Default: S3_ENDPOINT itself.',
  }),
  s3Region: z
    .string()
    .min(1)
    .default('us-east-1')
    .register(settings, { env: 'S3_REGION', group: 'Object store', description: 'Region of the bucket.' }),
  s3ForcePathStyle: optionalFlag().register(settings, {
    env: 'S3_FORCE_PATH_STYLE',
    group: 'Object store',
    description:
      'Whether the bucket is in the path of URLs rather than in the host name; without it, when there is an S3_ENDPOINT.',
  }),
  s3Sse: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).optional().register(settings, {
    env: 'S3_SSE',
    group: 'Object store',
    description:
      'How the S3 server encrypts what it stores: AES256, aws:kms or aws:kms:dsse; without it, as the bucket is set.',
  }),
  s3SseKmsKeyId: z.string().min(1).optional().register(settings, {
    env: 'S3_SSE_KMS_KEY_ID',
    group: 'Object store',
    description: 'Key of S3_SSE=aws:kms and aws:kms:dsse; without it, the one that AWS manages.',
  }),

  encryptionKeys: z
    .string()
    .transform((text) => text.split(',').map((item) => item.trim()))
    .refine(
      (keys) => keys.every((key) => /^[A-Za-z0-9+/]{43}=$/.test(key)),
      'must be 32 bytes in base64 each; make one with: openssl rand -base64 32',
    )
    .optional()
    .register(settings, {
      env: 'SNAPSHOT_ENCRYPTION_KEY',
      secret: true,
      group: 'Object store',
      description:
        'Master keys that encrypt stored objects, 32 bytes in base64 each, comma-separated: the first encrypts, all of them decrypt.',
    }),

  journalGatherMs: number(0, 1_000, 50).register(settings, {
    env: 'JOURNAL_GATHER_MS',
    unit: 'ms',
    group: 'Durability',
    description:
      'Under load, edits are gathered this long for one commit; when quiet, a commit starts at once.',
  }),
  journalMaxPendingBytes: number(1024 * 1024, 2 ** 40, 64 * 1024 * 1024).register(settings, {
    env: 'JOURNAL_MAX_PENDING_BYTES',
    unit: 'bytes',
    group: 'Durability',
    description:
      'When the journal cannot be written, edits up to this size wait in memory, unacknowledged; past it they are refused.',
  }),
  compactAfterBytes: number(1_024, 2 ** 40, 1024 * 1024).register(settings, {
    env: 'COMPACT_AFTER_BYTES',
    unit: 'bytes',
    group: 'Durability',
    description: 'A document with this much in the journal gets a new snapshot.',
  }),
  compactAfterMs: number(100, 86_400_000, 300_000).register(settings, {
    env: 'COMPACT_AFTER_MS',
    unit: 'ms',
    group: 'Durability',
    description: 'A document edited this long ago gets a new snapshot.',
  }),

  kafkaBrokers: list().register(settings, {
    env: 'KAFKA_BROKERS',
    group: 'Events',
    description:
      'Apache Kafka that carries the events: host:port, comma-separated. Without it they are kept in the data folder.',
  }),
  kafkaSsl: flag(false).register(settings, {
    env: 'KAFKA_SSL',
    group: 'Events',
    description: 'Whether the brokers are reached over TLS: true or false.',
  }),
  kafkaSaslMechanism: z
    .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
    .default('plain')
    .register(settings, {
      env: 'KAFKA_SASL_MECHANISM',
      group: 'Events',
      description: 'How KAFKA_USERNAME logs in: plain, scram-sha-256 or scram-sha-512.',
    }),
  kafkaUsername: z
    .string()
    .optional()
    .register(settings, { env: 'KAFKA_USERNAME', group: 'Events', description: 'User of the brokers.' }),
  kafkaPassword: z.string().optional().register(settings, {
    env: 'KAFKA_PASSWORD',
    secret: true,
    group: 'Events',
    description: 'Password of KAFKA_USERNAME.',
  }),
  workers: z
    .string()
    .default('all')
    .refine(
      (text) => parseWorkers(text) !== undefined,
      `must be all, none, or some of ${workerNames.join(', ')}, comma-separated`,
    )
    .register(settings, {
      env: 'WORKERS',
      group: 'Events',
      description:
        'Workers that run inside the server: all, none, or names with commas between. Those that run by `codraft work` are left out here.',
    }),
  workerPort: anyNumber.int().min(0).max(65_535).optional().register(settings, {
    env: 'WORKER_PORT',
    group: 'Events',
    description:
      'Port of /health and /metrics of `codraft work`; 0 picks a free one. Not set: it listens on none.',
  }),

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
