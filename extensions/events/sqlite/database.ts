import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import type { ErrorCode } from '../../errors.ts'
import type { FromWorker } from './protocol.ts'

/** How long SQLite itself waits for a lock that another process holds, ms. */
const busyTimeoutMs = 2_000
const schemaVersion = 1

const portOfThread = (): MessagePort => {
  if (!parentPort) throw new Error('this module runs in a worker thread')
  return parentPort
}

export const port = portOfThread()
export const post = (message: FromWorker): void => port.postMessage(message)

const { path } = workerData as { path: string }
export const database = new DatabaseSync(path)
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA busy_timeout = ${busyTimeoutMs};
`)
const foundVersion = database.prepare('PRAGMA user_version').get()?.['user_version'] as number
if (foundVersion > schemaVersion) {
  const error = `${path} has schema version ${foundVersion}, this version of codraft knows ${schemaVersion}`
  post({ kind: 'unopened', errorCode: 'CODRAFT_SCHEMA_NEWER', error })
  process.exit()
}
database.exec(`
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS topics (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, retention_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS ends (
    topic INTEGER NOT NULL REFERENCES topics (id), partition INTEGER NOT NULL, next INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS messages (
    topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, time INTEGER NOT NULL,
    key TEXT NOT NULL, value TEXT NOT NULL, headers TEXT,
    PRIMARY KEY (topic, partition, offset)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS members (
    name TEXT NOT NULL, member TEXT NOT NULL, topics TEXT NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (name, member)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS positions (
    name TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0, member TEXT, expires INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (name, topic, partition)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};
  COMMIT;
`)

const cache = new Map<string, StatementSync>()
export const sql = (text: string): StatementSync => {
  let statement = cache.get(text)
  if (!statement) cache.set(text, (statement = database.prepare(text)))
  return statement
}

/** A refusal that keeps its code on the way to the main thread. */
export class Refusal extends Error {
  readonly errorCode: ErrorCode
  constructor(errorCode: ErrorCode, detail: string) {
    super(detail)
    this.errorCode = errorCode
  }
}

/**
 * @param synchronous NORMAL survives a kill -9 of any process; FULL a power loss, too. Where members are is worth no
 *   sync of the disk: they take their partitions anew, and get messages again that they had handled
 */
export const inTransaction = <T>(work: () => T, synchronous: 'FULL' | 'NORMAL' = 'FULL'): T => {
  sql(`PRAGMA synchronous = ${synchronous}`).run()
  sql('BEGIN IMMEDIATE').run()
  try {
    const result = work()
    sql('COMMIT').run()
    return result
  } catch (error) {
    if (database.isTransaction) sql('ROLLBACK').run()
    throw error
  }
}
