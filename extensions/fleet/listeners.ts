import type { FleetCommand, FleetListener } from './Fleet.ts'

/** Called with what a listener throws. */
export type FleetErrorHandler = (error: unknown, command: FleetCommand) => void

/** The listeners of one instance. */
export class FleetListeners {
  readonly #listeners = new Set<FleetListener>()
  readonly #onError: FleetErrorHandler

  constructor(onError: FleetErrorHandler) {
    this.#onError = onError
  }

  add(listener: FleetListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when all have finished; never rejects. */
  async run(command: FleetCommand): Promise<void> {
    const runs = Array.from(this.#listeners, async (listener) => listener(command))
    for (const run of await Promise.allSettled(runs))
      if (run.status === 'rejected') this.#onError(run.reason, command)
  }
}
