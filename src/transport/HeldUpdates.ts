/** Nearly always the journal takes some milliseconds. When it fails, sending goes on after this. */
const maxHoldMs = 2_000

/**
 * Updates that nobody may see before they are durable. After a crash a reader brings back an edit that was lost; when
 * its client repeats it as well, under its id, it is there twice. What follows such an update waits behind it.
 */
export class HeldUpdates {
  readonly #whenDurable: (run: () => void) => void
  readonly #release: (updates: readonly Uint8Array[]) => void
  #updates: Uint8Array[] = []
  #waiting: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  /**
   * @param whenDurable calls `run` once all edits so far are durable
   * @param release takes the updates that may be sent
   */
  constructor(whenDurable: (run: () => void) => void, release: (updates: readonly Uint8Array[]) => void) {
    this.#whenDurable = whenDurable
    this.#release = release
  }

  get isEmpty(): boolean {
    return this.#updates.length === 0
  }

  add(update: Uint8Array): void {
    const isFirst = this.isEmpty
    this.#updates.push(update)
    if (!isFirst) return
    this.#timer ??= setTimeout(() => this.#releaseAll(), maxHoldMs).unref()
    // The journal gets this update after this listener of the document has run.
    queueMicrotask(() => this.#wait())
  }

  /** Calls `run` when nothing is held: now, or soon. */
  whenEmpty(run: () => void): void {
    if (this.isEmpty) run()
    else this.#waiting.push(run)
  }

  #wait(): void {
    const count = this.#updates.length
    if (count === 0) return
    this.#whenDurable(() => {
      this.#release(this.#updates.splice(0, count))
      if (this.isEmpty) this.#releaseAll()
      else this.#wait()
    })
  }

  #releaseAll(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.isEmpty) this.#release(this.#updates.splice(0))
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) run()
  }
}
