import { CodraftError } from '../../extensions/errors.ts'
import type { StoreDatabase } from '../store/schema.ts'
import type { Store } from '../store/Store.ts'

export interface BackgroundWriterOptions<Entry> {
  readonly store: Pick<Store, 'of'>
  /** The document whose shard the entry belongs to. */
  readonly documentOf: (entry: Entry) => string
  readonly write: (db: StoreDatabase, entries: readonly Entry[]) => Promise<void>
  /** When entries are given up: there are too many while the database is away, or it refuses them. Must not throw. */
  readonly onDropped: (entries: number, reason: unknown) => void
  /** How long entries are gathered, ms. @default 1000 */
  readonly gatherMs?: number
  /** Entries that may wait while the database is away. @default 50000 */
  readonly maxWaiting?: number
}

/**
 * Writes to the store what nobody waits for: gathered, many entries in one statement, tried again while the database is
 * away. What waits in memory is lost when the process is killed.
 */
export class BackgroundWriter<Entry> {
  readonly #options: Required<BackgroundWriterOptions<Entry>>
  #waiting = new Map<string, Entry>()
  #timer: NodeJS.Timeout | undefined
  #flushing: Promise<void> = Promise.resolve()

  constructor(options: BackgroundWriterOptions<Entry>) {
    this.#options = { gatherMs: 1_000, maxWaiting: 50_000, ...options }
  }

  /** Takes the place of an entry with the same key that has not been written yet. */
  put(key: string, entry: Entry): void {
    if (this.#waiting.size >= this.#options.maxWaiting && !this.#waiting.has(key)) {
      this.#options.onDropped(1, new CodraftError('CODRAFT_STORE_UNAVAILABLE'))
      return
    }
    this.#waiting.set(key, entry)
    this.#timer ??= setTimeout(() => void this.flush(), this.#options.gatherMs).unref()
  }

  /** Forgets an entry that has not been written yet. */
  remove(key: string): void {
    this.#waiting.delete(key)
  }

  /** Writes what waits; what cannot be written now waits on. Never rejects. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(() => this.#flushNow())
    return this.#flushing
  }

  async #flushNow(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const entries = this.#waiting
    this.#waiting = new Map()
    await Promise.all(Array.from(this.#byShard(entries), ([db, some]) => this.#write(db, some)))
  }

  #byShard(entries: ReadonlyMap<string, Entry>): Map<StoreDatabase, Map<string, Entry>> {
    const { store, documentOf } = this.#options
    const byShard = new Map<StoreDatabase, Map<string, Entry>>()
    for (const [key, entry] of entries) {
      try {
        const db = store.of(documentOf(entry))
        byShard.set(db, (byShard.get(db) ?? new Map()).set(key, entry))
      } catch {
        this.#putBack(key, entry)
      }
    }
    return byShard
  }

  async #write(db: StoreDatabase, entries: ReadonlyMap<string, Entry>): Promise<void> {
    try {
      await this.#options.write(db, [...entries.values()])
    } catch (error) {
      if (error instanceof CodraftError && error.errorCode === 'CODRAFT_STORE_UNAVAILABLE') {
        for (const [key, entry] of entries) this.#putBack(key, entry)
      } else this.#options.onDropped(entries.size, error)
    }
  }

  #putBack(key: string, entry: Entry): void {
    if (!this.#waiting.has(key)) this.put(key, entry)
  }
}
