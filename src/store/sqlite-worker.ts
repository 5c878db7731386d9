import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { SqliteRequest, SqliteResponse } from './sqlite-protocol.ts'

/** How long SQLite waits for a lock that another process holds, ms. */
const busyTimeoutMs = 5_000
const maxPreparedStatements = 200

const port = parentPort
if (!port) throw new Error('sqlite-worker.ts runs in a worker thread')

const database = new DatabaseSync((workerData as { path: string }).path)
database.exec(`
  PRAGMA busy_timeout = ${busyTimeoutMs};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA secure_delete = ON;
`)

const prepared = new Map<string, StatementSync>()

const prepare = (sql: string): StatementSync => {
  let statement = prepared.get(sql)
  if (!statement) {
    if (prepared.size >= maxPreparedStatements) prepared.clear()
    prepared.set(sql, (statement = database.prepare(sql)))
  }
  return statement
}

const answer = ({ id, sql, parameters }: SqliteRequest): SqliteResponse => {
  try {
    const statement = prepare(sql)
    const values = parameters as SQLInputValue[]
    if (statement.columns().length > 0) return { id, rows: statement.all(...values) }
    return { id, rows: [], changes: BigInt(statement.run(...values).changes) }
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number }
    return { id, error: message, resultCode: errcode }
  }
}

port.on('message', (request: SqliteRequest) => port.postMessage(answer(request)))
