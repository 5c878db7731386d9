import type { Logger } from '../logger.ts'
import { listAdded, type NotificationRow } from '../store/notifications.ts'
import type { Store } from '../store/Store.ts'

export interface NotificationFeedOptions {
  readonly store: Pick<Store, 'all'>
  readonly logger: Logger
  /** @default 1000 */
  readonly pollMs?: number
}

type Listener = (notification: NotificationRow) => void

/** Rows are looked for again this much later: clocks differ, and transactions end in another order than they begin, ms. */
const overlapMs = 10_000

/**
 * Tells of new notifications of the users that listen here. It looks into the table again and again, so it does not
 * matter which process has added them; one query for each database, whatever the number of users.
 */
export class NotificationFeed {
  readonly #options: Required<NotificationFeedOptions>
  readonly #listeners = new Map<string, Set<Listener>>()
  /** What was told, or was there before anybody listened, and when it is forgotten. */
  readonly #seen = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: NotificationFeedOptions) {
    this.#options = { pollMs: 1_000, ...options }
  }

  /** Returns what ends it. What is added from now on is told; what was added shortly before may be. */
  listen(userId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(userId) ?? new Set<Listener>()
    this.#listeners.set(userId, listeners.add(listener))
    this.#timer ??= setTimeout(() => void this.#poll(), 0).unref()
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(userId)
    }
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }

  async #poll(): Promise<void> {
    const { store, logger, pollMs } = this.#options
    const now = Date.now()
    try {
      const rows = await Promise.all(store.all.map((db) => listAdded(db, now - overlapMs)))
      for (const row of rows.flat()) this.#tell(row, now)
    } catch (err) {
      logger.debug({ err }, 'notifications cannot be looked for yet')
    }
    for (const [key, until] of this.#seen) if (until < now) this.#seen.delete(key)
    const isNeeded = this.#listeners.size > 0 && !this.#isClosed
    this.#timer = isNeeded ? setTimeout(() => void this.#poll(), pollMs).unref() : undefined
  }

  #tell(row: NotificationRow, now: number): void {
    const key = `${row.userId} ${row.id}`
    if (this.#seen.has(key)) return
    this.#seen.set(key, now + 2 * overlapMs)
    for (const listener of this.#listeners.get(row.userId) ?? []) listener(row)
  }
}
