import { Worker } from 'node:worker_threads'
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely'
import { CodraftError } from '../../extensions/errors.ts'
import { siblingModule } from '../../extensions/sibling-module.ts'
import type { SqliteRequest, SqliteResponse } from './sqlite-protocol.ts'

/**
 * Kysely dialect for a SQLite file. A worker thread runs the statements, one at a time: neither a slow disk nor the
 * lock of another process ever holds up the event loop of the server.
 */
export const sqliteDialect = (path: string): Dialect => ({
  createAdapter: () => new Adapter(),
  createDriver: () => new SqliteWorkerDriver(path),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
})

/** A transaction takes the file's write lock when it begins, so that instances which start together migrate once. */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class SqliteWorkerDriver implements Driver {
  readonly #path: string
  #connection: SqliteWorkerConnection | undefined

  constructor(path: string) {
    this.#path = path
  }

  async init(): Promise<void> {
    await this.acquireConnection()
  }

  /** Kysely lends it to one caller at a time. A worker that has died is replaced here. */
  async acquireConnection(): Promise<DatabaseConnection> {
    if (!this.#connection?.isAlive) this.#connection = new SqliteWorkerConnection(this.#path)
    return this.#connection
  }

  /** `immediate`: a transaction that reads first and writes later would otherwise fail beside another writer. */
  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'))
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'))
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    await this.#connection?.close()
  }
}

/** A worker thread with the open file. */
class SqliteWorkerConnection implements DatabaseConnection {
  isAlive = true
  readonly #worker: Worker
  readonly #waiting = new Map<number, PromiseWithResolvers<SqliteResponse>>()
  #lastId = 0

  constructor(path: string) {
    this.#worker = new Worker(siblingModule(import.meta.url, 'sqlite-worker'), {
      workerData: { path },
      name: 'codraft-store',
    })
    this.#worker.on('message', (response: SqliteResponse) => {
      this.#waiting.get(response.id)?.resolve(response)
      this.#waiting.delete(response.id)
    })
    this.#worker.on('error', (cause: Error) => this.#died(cause))
    this.#worker.on('exit', () => this.#died(undefined))
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (!this.isAlive) throw new CodraftError('CODRAFT_STORE_UNAVAILABLE', 'the SQLite worker has ended')
    this.#lastId += 1
    const pending = Promise.withResolvers<SqliteResponse>()
    this.#waiting.set(this.#lastId, pending)
    this.#worker.postMessage({ id: this.#lastId, sql, parameters } satisfies SqliteRequest)
    const response = await pending.promise
    if ('error' in response) throw errorOf(response.error, response.resultCode)
    const { rows, changes } = response
    return { rows: rows as Row[], ...(changes !== undefined && { numAffectedRows: changes }) }
  }

  // oxlint-disable-next-line require-yield -- Kysely's interface; lists are read by pages instead
  async *streamQuery(): AsyncGenerator<never> {
    throw new Error('the SQLite store does not stream')
  }

  async close(): Promise<void> {
    this.isAlive = false
    await this.#worker.terminate()
  }

  #died(cause: Error | undefined): void {
    this.isAlive = false
    const detail = cause?.message ?? 'the SQLite worker has ended'
    const error = new CodraftError('CODRAFT_STORE_UNAVAILABLE', detail, { cause })
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

/** Primary result codes that pass by themselves or by a free disk: busy, locked, read-only, I/O error, full, cannot open. */
const unavailableCodes: ReadonlySet<number> = new Set([5, 6, 8, 10, 13, 14])

const errorOf = (message: string, resultCode: number | undefined): Error =>
  resultCode !== undefined && unavailableCodes.has(resultCode & 0xff)
    ? new CodraftError('CODRAFT_STORE_UNAVAILABLE', message)
    : new Error(`SQLite: ${message}`)
