import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { createDatabases } from './postgres.ts'
import { createBucket, settingsOf } from './s3.ts'
import { startServer, type TestServer } from './server.ts'
import { serviceVariable } from './services.ts'

const lossyRedis = fileURLToPath(new URL('lossy-redis.ts', import.meta.url))

export interface FleetOptions {
  /** Of each instance, in its order. */
  readonly redisUrls: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Share of the announcements of Redis that gets lost without a trace, 0 to 1. @default 0 */
  readonly loss?: number
}

export interface Fleet {
  readonly instances: readonly TestServer[]
  /** Before all keys of this fleet in Redis. */
  readonly prefix: string
  readonly bucket: Awaited<ReturnType<typeof createBucket>>
  readonly databaseUrl: string
  close(): Promise<void>
}

/** Starts several servers in processes of their own that share Redis, a PostgreSQL database and an S3 bucket. */
export const startFleet = async ({ redisUrls, env, loss = 0 }: FleetOptions): Promise<Fleet> => {
  const bucket = await createBucket({
    CODRAFT_TEST_S3_ENDPOINT: serviceVariable('CODRAFT_TEST_S3_ENDPOINT'),
    CODRAFT_TEST_S3_ACCESS_KEY: serviceVariable('CODRAFT_TEST_S3_ACCESS_KEY'),
    CODRAFT_TEST_S3_SECRET_KEY: serviceVariable('CODRAFT_TEST_S3_SECRET_KEY'),
  })
  const databases = await createDatabases(serviceVariable('CODRAFT_TEST_POSTGRES_URL'))
  const prefix = `test-${randomUUID()}:`
  const instances = await Promise.all(
    redisUrls.map((redisUrl) =>
      startServer({
        ...(loss > 0 && { nodeFlags: ['--import', lossyRedis] }),
        env: {
          REDIS_URL: redisUrl,
          REDIS_PREFIX: prefix,
          DATABASE_URL: databases.urls[0],
          ...settingsOf(bucket),
          ...(loss > 0 && { FLEET_LOSS: String(loss) }),
          ...env,
        },
      }),
    ),
  )
  return {
    instances,
    prefix,
    bucket,
    databaseUrl: databases.urls[0] as string,
    async close() {
      await Promise.all(instances.map((instance) => instance.close()))
      await databases.drop()
    },
  }
}
