import { sql } from 'kysely'
import { shardOf } from './rendezvous.ts'
import type { StoreDatabase } from './schema.ts'
import { Shard } from './Shard.ts'

export interface StoreOptions {
  /** One URL for each shard: `postgres://…`, or `sqlite:` and the path of a file. Their order must never change. */
  readonly databases: readonly string[]
  /** Replicas: the k-th belongs to shard k modulo the number of shards. @default [] */
  readonly readDatabases?: readonly string[]
  /** How often each database is looked at, ms. @default 2000 */
  readonly checkIntervalMs?: number
  /** When a database goes away or comes back. */
  readonly onStatus?: (status: StoreStatus) => void
}

export interface StoreStatus {
  /** True when all shards can be used. */
  readonly healthy: boolean
  /** Shards that are away. */
  readonly away: number
  /** Replicas that are away; their shards serve the reads. */
  readonly awayReplicas: number
  /** Why the first of them is away. */
  readonly error?: string
}

/**
 * The SQL side: documents, grants, invitations, versions, audit, preferences, outbox. It only says which database a
 * row is in; what is read and written there is in the repositories (`documents.ts`, `grants.ts`, …), functions that
 * take a {@link StoreDatabase}: of a shard, or of a transaction.
 *
 * Rows of a document are on the shard of its name, rows of a user on the shard of the user's id. While a database is
 * away, its queries reject with CODRAFT_STORE_UNAVAILABLE; no restart is needed when it comes back.
 */
export class Store {
  readonly #shards: readonly Shard[]
  readonly #replicas: readonly Shard[]

  private constructor({ databases, readDatabases = [], checkIntervalMs = 2_000, onStatus }: StoreOptions) {
    const total = databases.length
    const common = { total, checkIntervalMs, onStatus: () => onStatus?.(this.status) }
    this.#shards = databases.map((url, position) => new Shard({ ...common, url, position, isReplica: false }))
    this.#replicas = readDatabases.map(
      (url, index) => new Shard({ ...common, url, position: index % total, isReplica: true }),
    )
  }

  /**
   * Resolves when all databases are ready, or known to be away: PostgreSQL may come later.
   *
   * @throws {CodraftError} CODRAFT_CONFIG_INVALID, CODRAFT_STORE_SCHEMA_UNKNOWN
   */
  static async open(options: StoreOptions): Promise<Store> {
    const store = new Store(options)
    const opened = await Promise.allSettled(
      [...store.#shards, ...store.#replicas].map((shard) => shard.open()),
    )
    const failed = opened.find((result) => result.status === 'rejected')
    if (failed) {
      await store.close()
      throw failed.reason
    }
    return store
  }

  get status(): StoreStatus {
    const away = this.#shards.filter(({ error }) => error !== undefined)
    const awayReplicas = this.#replicas.filter(({ error }) => error !== undefined)
    const error = (away[0] ?? awayReplicas[0])?.error
    return {
      healthy: away.length === 0,
      away: away.length,
      awayReplicas: awayReplicas.length,
      ...(error !== undefined && { error }),
    }
  }

  /** How far each of DATABASE_READ_URLS is behind its primary, ms. */
  get replicaLagsMs(): readonly number[] {
    return this.#replicas.map(({ lagMs }) => lagMs)
  }

  /** Every shard, for what concerns all documents: lists, a user's data, the outbox. */
  get all(): readonly StoreDatabase[] {
    return this.#shards.map(({ db }) => db)
  }

  /** Every shard for reads that may be a little stale. */
  get allForReading(): readonly StoreDatabase[] {
    return this.#shards.map((_, position) => this.#reader(position))
  }

  /** The database with the rows of a document. */
  of(documentName: string): StoreDatabase {
    return this.#shardOf(documentName).db
  }

  /** The database with the rows of a user. */
  ofUser(userId: string): StoreDatabase {
    return this.#shardOf(userId).db
  }

  /** For reads that may be a little stale; never for permission checks. */
  forReading(documentName: string): StoreDatabase {
    return this.#reader(shardOf(documentName, this.#shards.length))
  }

  /**
   * Runs `work` in a transaction on the document's shard. Transactions of one document run one after the other, so
   * their events enter the outbox in the order in which they take effect. `work` MUST use the database it is given and
   * nothing else of the store, and MUST NOT wait for other services: on SQLite it holds up every other query.
   */
  transaction<Result>(
    documentName: string,
    work: (transaction: StoreDatabase) => Promise<Result>,
  ): Promise<Result> {
    return this.#transaction(this.#shardOf(documentName), documentName, work)
  }

  /** As {@link transaction}, on the shard of a user. */
  userTransaction<Result>(
    userId: string,
    work: (transaction: StoreDatabase) => Promise<Result>,
  ): Promise<Result> {
    return this.#transaction(this.#shardOf(userId), userId, work)
  }

  /** Leaves no copy of rows that were deleted in the files of the databases, as far as they can be told to. */
  async shred(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.shred()))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#shards, ...this.#replicas].map((shard) => shard.close()))
  }

  #shardOf(key: string): Shard {
    return this.#shards[shardOf(key, this.#shards.length)] as Shard
  }

  #reader(position: number): StoreDatabase {
    const { length } = this.#shards
    const replicas = this.#replicas.filter(
      (replica, index) => index % length === position && replica.error === undefined,
    )
    const replica = replicas[Math.floor(Math.random() * replicas.length)]
    return (replica ?? this.#shards[position])!.db
  }

  async #transaction<Result>(
    { db, engine }: Shard,
    key: string,
    work: (transaction: StoreDatabase) => Promise<Result>,
  ): Promise<Result> {
    return db.transaction().execute(async (transaction) => {
      if (engine === 'postgres') {
        await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(transaction)
      }
      return work(transaction)
    })
  }
}
