import { sql, type Kysely } from 'kysely'
import { CodraftError } from '../../extensions/errors.ts'
import { engineOf, openDatabase } from './open-database.ts'
import { migrate } from './migrate.ts'
import type { Engine } from './migrations/column-types.ts'
import type { Schema, StoreDatabase } from './schema.ts'

export interface ShardOptions {
  /** `postgres://…`, or `sqlite:` and the path of a file. */
  readonly url: string
  /** Which of how many shards this is, from 0. */
  readonly position: number
  readonly total: number
  /** A replica follows its primary: it is neither migrated nor written. */
  readonly isReplica: boolean
  readonly checkIntervalMs: number
  readonly onStatus: (shard: Shard) => void
}

const maxConnections = 10
const statementTimeoutMs = 30_000
const connectTimeoutMs = 3_000
/** A network that swallows packets refuses nothing. */
const checkTimeoutMs = 5_000

/** One database of the store: made ready when it can be reached, and looked at again and again. */
export class Shard {
  readonly engine: Engine
  readonly #options: ShardOptions
  readonly #db: Kysely<Schema>
  #isPrepared = false
  #error: string | undefined = 'not reached yet'
  #lagMs = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: ShardOptions) {
    const { url } = options
    this.#options = options
    this.engine = engineOf(url)
    this.#db = openDatabase(url, { maxConnections, statementTimeoutMs, connectTimeoutMs })
  }

  /** @throws {CodraftError} CODRAFT_STORE_UNAVAILABLE while the database is away: nobody waits for a timeout */
  get db(): StoreDatabase {
    if (this.#error !== undefined) throw new CodraftError('CODRAFT_STORE_UNAVAILABLE', this.#error)
    return this.#db
  }

  /** Why the database cannot be used; undefined when it can. */
  get error(): string | undefined {
    return this.#error
  }

  /** How far a replica is behind its primary, ms, when it was last looked at; 0 of others. */
  get lagMs(): number {
    return this.#lagMs
  }

  /**
   * Reaches and migrates the database. Resolves also when PostgreSQL is away: it is tried again until it comes.
   *
   * @throws {CodraftError} CODRAFT_CONFIG_INVALID, CODRAFT_STORE_SCHEMA_UNKNOWN, CODRAFT_STORE_UNAVAILABLE for a file
   */
  async open(): Promise<void> {
    const failure = await this.#check()
    if (failure !== undefined && (this.engine === 'sqlite' || !isAway(failure))) throw failure
    this.#scheduleCheck()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#db.destroy()
  }

  /** Leaves no copy of deleted rows in the files of SQLite. PostgreSQL reuses their space when it vacuums. */
  async shred(): Promise<void> {
    if (this.engine === 'sqlite') await sql`pragma wal_checkpoint(truncate)`.execute(this.db)
  }

  #scheduleCheck(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(
      () => void this.#check().then(() => this.#scheduleCheck()),
      this.#options.checkIntervalMs,
    ).unref()
  }

  async #check(): Promise<unknown> {
    try {
      if (this.#isPrepared) await within(checkTimeoutMs, sql`select 1`.execute(this.#db))
      else await this.#prepare()
      if (this.#options.isReplica && this.engine === 'postgres') this.#lagMs = await readLag(this.#db)
      this.#isPrepared = true
      this.#setError(undefined)
      return undefined
    } catch (error) {
      this.#setError(error instanceof Error ? error.message : String(error))
      return error
    }
  }

  async #prepare(): Promise<void> {
    if (!this.#options.isReplica) await this.#migrate()
    await this.#assertPosition()
  }

  /** PostgreSQL over a connection of its own: a migration may take longer than a statement otherwise may. */
  async #migrate(): Promise<void> {
    if (this.engine === 'sqlite') return migrate(this.#db, this.engine)
    const { url } = this.#options
    const db = openDatabase(url, { maxConnections: 2, statementTimeoutMs: 0, connectTimeoutMs })
    try {
      await migrate(db, this.engine)
    } finally {
      await db.destroy()
    }
  }

  /** Databases in another order, or another number of them, would hide documents. */
  async #assertPosition(): Promise<void> {
    const { position, total, isReplica } = this.#options
    if (!isReplica) {
      const row = { id: 1, position, total }
      await this.#db
        .insertInto('shard')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
    const row = await this.#db.selectFrom('shard').selectAll().executeTakeFirst()
    if (!row) throw new CodraftError('CODRAFT_STORE_UNAVAILABLE', 'the replica is empty so far')
    if (row.position === position && row.total === total) return
    throw new CodraftError(
      'CODRAFT_CONFIG_INVALID',
      `database ${position + 1} of ${total} in ${isReplica ? 'DATABASE_READ_URLS' : 'DATABASE_URL'} was set up ` +
        `as ${row.position + 1} of ${row.total}: keep the number and the order of the databases`,
    )
  }

  #setError(error: string | undefined): void {
    const changed = (this.#error === undefined) !== (error === undefined)
    this.#error = error
    if (changed) this.#options.onStatus(this)
  }
}

/** A replica that has replayed all it has received is not behind, however long ago the last change was. */
const readLag = async (db: Kysely<Schema>): Promise<number> => {
  const { rows } = await within(
    checkTimeoutMs,
    sql<{ ms: number | null }>`select case
      when not pg_is_in_recovery() or pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
      else (extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::float8
    end as ms`.execute(db),
  )
  return rows[0]?.ms ?? 0
}

const isAway = (error: unknown): boolean =>
  error instanceof CodraftError && error.errorCode === 'CODRAFT_STORE_UNAVAILABLE'

const within = async <Result>(ms: number, work: Promise<Result>): Promise<Result> => {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new CodraftError('CODRAFT_STORE_UNAVAILABLE', `no answer within ${ms} ms`)),
    ms,
  )
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
