/**
 * Plain Hocuspocus at its defaults with a SQLite store: schema and queries of its SQLite extension, over the
 * SQLite of Node. FLUSH_DELAY_MS sets its `flushDelay`; with REDIS_PORT it has the Redis extension at its defaults.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Database } from '@hocuspocus/extension-database'
import { Redis } from '@hocuspocus/extension-redis'
import { Server } from '@hocuspocus/server'

const {
  PORT,
  CODRAFT_DATA_DIR: folder = '.',
  FLUSH_DELAY_MS: flushDelay,
  REDIS_PORT: redisPort,
} = process.env

const database = new DatabaseSync(join(folder, 'documents.sqlite'))
database.exec(
  'CREATE TABLE IF NOT EXISTS "documents" ("name" varchar(255) NOT NULL, "data" blob NOT NULL, UNIQUE(name))',
)
const select = database.prepare('SELECT data FROM "documents" WHERE name = ? ORDER BY rowid DESC')
const upsert = database.prepare(
  'INSERT INTO "documents" ("name", "data") VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET data = excluded.data',
)

const store = new Database({
  fetch: async ({ documentName }) => (select.get(documentName)?.['data'] as Uint8Array | undefined) ?? null,
  store: async ({ documentName, state }) => {
    upsert.run(documentName, state)
  },
})

const server = new Server({
  address: '127.0.0.1',
  port: Number(PORT),
  quiet: true,
  extensions: [
    store,
    ...(redisPort === undefined ? [] : [new Redis({ host: '127.0.0.1', port: Number(redisPort) })]),
  ],
  ...(flushDelay !== undefined && { flushDelay: Number(flushDelay) }),
})
await server.listen()
