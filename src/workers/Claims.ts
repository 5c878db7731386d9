import { randomUUID } from 'node:crypto'
import {
  claimEvent,
  extendClaims,
  finishEvent,
  releaseEvent,
  type ClaimResult,
} from '../store/handled-events.ts'
import type { StoreDatabase } from '../store/schema.ts'

export interface EventClaim {
  readonly db: StoreDatabase
  readonly eventId: string
  readonly eventTime: number
}

/** What a process that has died leaves is free for others after this, ms. */
export const leaseMs = 15_000

/** The events that this process handles for one worker. Their leases are extended until they are handled. */
export class Claims {
  readonly #worker: string
  readonly #holder = randomUUID()
  readonly #open = new Set<EventClaim>()
  readonly #timer: NodeJS.Timeout

  constructor(worker: string) {
    this.#worker = worker
    this.#timer = setInterval(() => void this.#extend(), leaseMs / 3).unref()
  }

  async take(claim: EventClaim): Promise<ClaimResult> {
    const { db, eventId, eventTime } = claim
    const now = Date.now()
    const result = await claimEvent(db, {
      worker: this.#worker,
      eventId,
      eventTime,
      holder: this.#holder,
      now,
      leaseMs,
    })
    if (result === 'first' || result === 'repeat') this.#open.add(claim)
    return result
  }

  async finish({ db, eventId }: EventClaim): Promise<void> {
    await finishEvent(db, { worker: this.#worker, eventId })
  }

  async release({ db, eventId }: EventClaim): Promise<void> {
    await releaseEvent(db, { worker: this.#worker, eventId, holder: this.#holder })
  }

  /** This process is done with it: a claim that is neither finished nor released runs out. */
  forget(claim: EventClaim): void {
    this.#open.delete(claim)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  async #extend(): Promise<void> {
    const byDatabase = Map.groupBy(this.#open, ({ db }) => db)
    const lease = { worker: this.#worker, holder: this.#holder, now: Date.now(), leaseMs }
    // A database that is away keeps the others from taking over, too.
    await Promise.allSettled(
      Array.from(byDatabase, ([db, claims]) =>
        extendClaims(
          db,
          claims.map(({ eventId }) => eventId),
          lease,
        ),
      ),
    )
  }
}
