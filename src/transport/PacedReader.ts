import { ReadBudget } from './ReadBudget.ts'

/** What messages are read from. */
export interface Pausable {
  pauseReading(): void
  resumeReading(): void
}

/** Handles the messages of one connection as its budget allows, in their order; nothing is read while some wait. */
export class PacedReader extends ReadBudget {
  readonly #source: Pausable
  /** Handles messages that have arrived and wait for the budget; undefined while there is one. */
  #early: (() => void)[] | undefined

  constructor(source: Pausable, messagesPerSecond: number, now: number) {
    super(messagesPerSecond, now)
    this.#source = source
  }

  /** Runs what handles a message, now or after those that wait: one read of the kernel may bring many. */
  handle(work: () => void): void {
    if (this.#early) {
      this.#early.push(work)
      return
    }
    const startedAt = performance.now()
    work()
    const now = performance.now()
    const waitMs = this.spend(now, now - startedAt)
    if (waitMs > 0) this.#readLater(waitMs)
  }

  #readLater(waitMs: number): void {
    this.#source.pauseReading()
    this.#early = []
    setTimeout(() => {
      const early = this.#early ?? []
      this.#early = undefined
      this.#source.resumeReading()
      for (const work of early) this.handle(work)
    }, waitMs).unref()
  }
}
