/**
 * Reads no faster than `perSecond` messages, with a burst of twice as many: what comes early waits in the kernel, then
 * at the client. What the process has received already is handled, and the time for it waited off afterwards.
 */
export class RateLimit {
  readonly #perSecond: number
  readonly #pause: () => void
  readonly #resume: () => void
  #budget: number
  #budgetAt = performance.now()
  #isPaused = false

  constructor(perSecond: number, pause: () => void, resume: () => void) {
    this.#perSecond = perSecond
    this.#pause = pause
    this.#resume = resume
    this.#budget = 2 * perSecond
  }

  received(now: number): void {
    this.#refill(now)
    this.#budget -= 1
    if (this.#budget >= 0 || this.#isPaused) return
    this.#isPaused = true
    this.#pause()
    this.#resumeLater()
  }

  #refill(now: number): void {
    const refill = ((now - this.#budgetAt) * this.#perSecond) / 1000
    this.#budget = Math.min(2 * this.#perSecond, this.#budget + refill)
    this.#budgetAt = now
  }

  #resumeLater(): void {
    const waitMs = Math.max(100, (-this.#budget / this.#perSecond) * 1000)
    setTimeout(() => {
      this.#refill(performance.now())
      if (this.#budget < 0) {
        this.#resumeLater()
        return
      }
      this.#isPaused = false
      this.#resume()
    }, waitMs).unref()
  }
}
