import { randomUUID } from 'node:crypto'
import type { EventLog } from '../../extensions/events/index.ts'
import type { Logger } from '../logger.ts'
import { releaseLease, takeLease } from '../store/leases.ts'
import { listUnpublished, markPublished, prunePublished } from '../store/outbox.ts'
import type { StoreDatabase } from '../store/schema.ts'
import type { Store } from '../store/Store.ts'
import { drainOutbox } from './drain-outbox.ts'

export interface OutboxPublisherOptions {
  readonly store: Store
  readonly log: EventLog
  readonly logger: Logger
  /** Called with the number of events after each publication. */
  readonly onPublished?: (events: number) => void
}

const leaseName = 'outbox'
const leaseMs = 10_000
const batchEvents = 500
/** How often the outbox is looked at: by the instance that drains it, and by the others, ms. */
const drainingMs = 500
const standbyMs = 2_000
const firstRetryMs = 250
const maxRetryMs = 5_000
const keptMs = 86_400_000
const pruneMs = 3_600_000

/** Publishes what transactions leave in the outbox: one instance at a time for each shard, in order. */
export class OutboxPublisher {
  readonly #options: OutboxPublisherOptions
  readonly #drains = new Map<StoreDatabase, ShardDrain>()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #failures = 0
  #stopped = false

  constructor(options: OutboxPublisherOptions) {
    this.#options = options
  }

  start(): void {
    this.#schedule(0)
  }

  /** Publishes what is there, when everything can be reached, and leaves the rest to the next instance. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
    if (this.#failures > 0) return
    await Promise.allSettled(Array.from(this.#drains.values(), (drain) => drain.finish()))
  }

  #schedule(waitMs: number): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#running = this.#run()
    }, waitMs)
  }

  async #run(): Promise<void> {
    const { logger } = this.#options
    try {
      const drained = await Promise.allSettled(this.#allDrains().map((drain) => drain.drain()))
      for (const result of drained) if (result.status === 'rejected') throw result.reason
      if (this.#failures > 0) logger.info('the outbox is published again')
      this.#failures = 0
      const isActive = drained.some((result) => result.status === 'fulfilled' && result.value)
      this.#schedule(isActive ? drainingMs : standbyMs)
    } catch (err) {
      if (this.#failures === 0) logger.error({ err }, 'the outbox cannot be published; it keeps its events')
      this.#failures += 1
      this.#schedule(Math.min(maxRetryMs, firstRetryMs * 2 ** this.#failures) * (0.5 + Math.random() / 2))
    }
  }

  #allDrains(): ShardDrain[] {
    return this.#options.store.all.map((db) => {
      const drain = this.#drains.get(db) ?? new ShardDrain(db, this.#options)
      this.#drains.set(db, drain)
      return drain
    })
  }
}

class ShardDrain {
  readonly #db: StoreDatabase
  readonly #options: OutboxPublisherOptions
  readonly #holder = randomUUID()
  #leaseUntil = 0
  #pruneAt = 0

  constructor(db: StoreDatabase, options: OutboxPublisherOptions) {
    this.#db = db
    this.#options = options
  }

  /** Resolves to whether this instance may drain the shard. */
  async drain(): Promise<boolean> {
    const { log, onPublished } = this.#options
    if ((await listUnpublished(this.#db, 1)).length === 0) {
      await this.#prune()
      return true
    }
    for (;;) {
      if (!(await this.#holdLease())) return false
      const published = await drainOutbox(
        {
          list: (limit) => listUnpublished(this.#db, limit),
          publish: (topic, messages) => log.publish(topic, messages),
          mark: (sequences) => markPublished(this.#db, sequences, Date.now()),
        },
        batchEvents,
      )
      if (published > 0) onPublished?.(published)
      if (published < batchEvents) return true
    }
  }

  async finish(): Promise<void> {
    await this.drain()
    await releaseLease(this.#db, { name: leaseName, holder: this.#holder })
  }

  /** Extended in its second half only, so that a lease costs little. */
  async #holdLease(): Promise<boolean> {
    const now = Date.now()
    if (now < this.#leaseUntil - leaseMs / 2) return true
    const isMine = await takeLease(this.#db, { name: leaseName, holder: this.#holder, now, ttlMs: leaseMs })
    this.#leaseUntil = isMine ? now + leaseMs : 0
    return isMine
  }

  async #prune(): Promise<void> {
    const now = Date.now()
    if (now < this.#pruneAt) return
    this.#pruneAt = now + pruneMs
    await prunePublished(this.#db, now - keptMs)
  }
}
