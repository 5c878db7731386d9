import { randomUUID } from 'node:crypto'
import type { Logger } from '../logger.ts'
import { pruneUsage } from '../store/analytics.ts'
import { pruneDelayed } from '../store/delayed-events.ts'
import { pruneLastMails } from '../store/gathered-mails.ts'
import { pruneHandledEvents } from '../store/handled-events.ts'
import { pruneNotifications } from '../store/notifications.ts'
import { pruneIdempotencyKeys } from '../store/idempotency.ts'
import { takeLease } from '../store/leases.ts'
import type { StoreDatabase } from '../store/schema.ts'
import type { Store } from '../store/Store.ts'

/** Removes rows from a database that nobody needs after `now`, ms since the epoch. */
export type HousekeepingTask = (db: StoreDatabase, now: number) => Promise<void>

export interface HousekeepingOptions {
  readonly store: Pick<Store, 'all'>
  readonly logger: Logger
  /** Besides the removal of what has expired: idempotency keys, claims of events, usage by the hour, times of mails, notifications. @default [] */
  readonly tasks?: readonly HousekeepingTask[]
  /** @default 600000 */
  readonly intervalMs?: number
}

/** Keeps the tables from growing without end: one instance at a time, again and again. */
export class Housekeeping {
  readonly #options: Required<HousekeepingOptions>
  readonly #holder = randomUUID()
  readonly #timer: NodeJS.Timeout

  constructor(options: HousekeepingOptions) {
    const tasks = [
      pruneIdempotencyKeys,
      pruneHandledEvents,
      pruneDelayed,
      pruneUsage,
      pruneLastMails,
      pruneNotifications,
      ...(options.tasks ?? []),
    ]
    this.#options = { intervalMs: 600_000, ...options, tasks }
    this.#timer = setInterval(() => void this.run(), this.#options.intervalMs).unref()
  }

  /** Does it now, unless another instance has just done it. Never rejects: there is a next time. */
  async run(): Promise<void> {
    const { store, logger, tasks, intervalMs } = this.#options
    try {
      const now = Date.now()
      for (const db of store.all) {
        const lease = { name: 'housekeeping', holder: this.#holder, now, ttlMs: intervalMs / 2 }
        if (!(await takeLease(db, lease))) continue
        for (const task of tasks) await task(db, now)
      }
    } catch (error) {
      logger.warn({ err: error }, 'rows that have expired could not be removed; it is tried again')
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
