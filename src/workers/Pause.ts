import { setTimeout } from 'node:timers/promises'

const firstMs = 250
const maxMs = 15_000

/** Holds up all handlers of a worker while something that it needs is away. */
export class Pause {
  #reason: string | undefined
  #until = 0
  #failures = 0

  /** What is away; undefined while the worker works. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** A handler has found something away: all wait, longer each time. Returns whether that is new. */
  begin(reason: string): boolean {
    const isNew = this.#reason === undefined
    this.#reason = reason
    // Several handlers that fail at the same time are one failure.
    if (performance.now() < this.#until) return isNew
    this.#until =
      performance.now() + Math.min(maxMs, firstMs * 2 ** this.#failures) * (0.5 + Math.random() / 2)
    this.#failures += 1
    return isNew
  }

  /** A handler has come through. Returns whether there was a pause. */
  end(): boolean {
    const was = this.#reason !== undefined
    this.#reason = undefined
    this.#until = 0
    this.#failures = 0
    return was
  }

  /** Resolves when it may be tried. @throws the reason of `signal` */
  async wait(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted()
      const waitMs = this.#until - performance.now()
      if (waitMs <= 0) return
      await setTimeout(waitMs, undefined, { signal })
    }
  }
}
