import { CodraftError } from '../../extensions/errors.ts'
import type { ObjectStore } from '../../extensions/snapshots/index.ts'
import type { Logger } from '../logger.ts'

const intervalMs = 5_000

/** Checks the object store every 5 s, so that its loss is known before a document needs it. */
export class ObjectStoreWatch {
  readonly #store: ObjectStore
  readonly #logger: Logger
  readonly #restoredListeners: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #error: string | undefined

  constructor(store: ObjectStore, logger: Logger) {
    this.#store = store
    this.#logger = logger
  }

  /** What keeps the store from working, without details that are not for everybody; undefined while it works. */
  get error(): string | undefined {
    return this.#error
  }

  /** Calls `listener` each time the store works again after it did not. */
  onRestored(listener: () => void): void {
    this.#restoredListeners.push(listener)
  }

  start(): void {
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#check(), intervalMs).unref()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  failed(error: unknown): void {
    if (this.#error === undefined)
      this.#logger.warn(
        { error: error instanceof Error ? error.message : String(error) },
        'the object store does not work; edits go to the journal',
      )
    this.#error = error instanceof CodraftError ? error.errorCode : 'failing'
  }

  async #check(): Promise<void> {
    try {
      await this.#store.check()
      const wasFailing = this.#error !== undefined
      this.#error = undefined
      if (wasFailing) {
        this.#logger.info({}, 'the object store works again')
        for (const listener of this.#restoredListeners) listener()
      }
    } catch (error) {
      if (!this.#isStopped) this.failed(error)
    }
    this.start()
  }
}
