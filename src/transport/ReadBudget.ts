/** Share of the process's time that one connection may take for long, and at once. */
const busyShare = 0.25
const busyBurstMs = 100

/** A client that sends weeks of offline work at once waits no longer than this for its next message to be read. */
const maxBusyDebtMs = 250

/**
 * How fast one connection is read: a number of messages a second, with a burst of twice as many, and a quarter of the
 * process's time. What comes earlier waits; nothing is dropped.
 */
export class ReadBudget {
  readonly #messagesPerSecond: number
  #messages: number
  #busyMs = busyBurstMs
  #at: number

  /** @param now in ms, on the clock of {@link spend} */
  constructor(messagesPerSecond: number, now: number) {
    this.#messagesPerSecond = messagesPerSecond
    this.#messages = 2 * messagesPerSecond
    this.#at = now
  }

  /** Charges a message that took `tookMs` until `now`. Returns how long to wait before the next one is read, ms. */
  spend(now: number, tookMs: number): number {
    const elapsedMs = now - this.#at
    this.#at = now
    const rate = this.#messagesPerSecond
    this.#messages = Math.min(2 * rate, this.#messages + (elapsedMs * rate) / 1000) - 1
    const busyMs = Math.min(busyBurstMs, this.#busyMs + elapsedMs * busyShare) - tookMs
    this.#busyMs = Math.max(busyMs, -maxBusyDebtMs)
    if (this.#messages > 0 && this.#busyMs > 0) return 0
    // Read again only when a tenth of a second's messages fit, so that a flood costs ten timers a second.
    const messageWaitMs = this.#messages > 0 ? 0 : (-this.#messages / rate) * 1000 + 100
    return Math.max(messageWaitMs, -this.#busyMs / busyShare)
  }
}
