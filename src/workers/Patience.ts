/** Tells when one run of something takes long. */
export class Patience {
  readonly #ms: number | undefined
  readonly #over = Promise.withResolvers<true>()

  constructor(ms: number | undefined) {
    this.#ms = ms
  }

  get isOver(): Promise<true> {
    return this.#over.promise
  }

  async during(work: () => Promise<void>): Promise<void> {
    const timer = this.#ms === undefined ? undefined : setTimeout(() => this.#over.resolve(true), this.#ms)
    try {
      await work()
    } finally {
      clearTimeout(timer)
    }
  }
}
