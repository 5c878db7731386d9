import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer, type TestServer } from './server.ts'

const script = fileURLToPath(new URL('fleet-instance.ts', import.meta.url))

export interface FleetOptions {
  /** Of each instance, in its order. */
  readonly redisUrls: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Fleet {
  readonly instances: readonly TestServer[]
  /** Before all keys of this fleet in Redis. */
  readonly prefix: string
  close(): Promise<void>
}

/** Starts several servers in processes of their own that share Redis and snapshots. */
export const startFleet = async ({ redisUrls, env }: FleetOptions): Promise<Fleet> => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-fleet-'))
  const prefix = `test-${randomUUID()}:`
  const instances = await Promise.all(
    redisUrls.map((redisUrl) =>
      startServer({
        script,
        env: {
          REDIS_PREFIX: prefix,
          FLEET_REDIS_URL: redisUrl,
          FLEET_OBJECTS: join(folder, 'objects'),
          DATABASE_URL: `sqlite:${join(folder, 'store.sqlite')}`,
          ...env,
        },
      }),
    ),
  )
  return {
    instances,
    prefix,
    async close() {
      await Promise.all(instances.map((instance) => instance.close()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}
