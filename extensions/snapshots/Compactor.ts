import { Worker } from 'node:worker_threads'
import { siblingModule } from '../sibling-module.ts'
import type { CompactionAnswer, CompactionJob, CompactionWorkerData } from './compaction-worker.ts'

export interface CompactorOptions {
  /**
   * Whether the content of deleted items is dropped, as in `yDocOptions.gc` of the server.
   * @default true
   */
  readonly gc?: boolean
  /**
   * Heap of the worker, MiB. A document that needs more makes its job fail and the worker start anew.
   * @default 1024
   */
  readonly maxHeapMb?: number
  /**
   * The worker ends when it had nothing to do for this long.
   * @default 30_000
   */
  readonly idleMs?: number
}

/** Makes one Yjs state out of a state and updates, in a worker thread that runs while there is work. */
export class Compactor {
  readonly #options: Required<CompactorOptions>
  #worker: Worker | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #current: PromiseWithResolvers<Uint8Array> | undefined
  #closed = false

  constructor(options: CompactorOptions = {}) {
    this.#options = { gc: true, maxHeapMb: 1_024, idleMs: 30_000, ...options }
  }

  /**
   * The Yjs state (V1) of `state` with `updates`. Jobs run one after the other. Rejects when Yjs cannot apply one of
   * them, when the worker dies, and after {@link close}.
   */
  compact(job: CompactionJob): Promise<Uint8Array> {
    const result = this.#queue.then(() => this.#run(job))
    this.#queue = result.catch(() => undefined)
    return result
  }

  /** Ends the worker; a job under way rejects. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idleTimer)
    await this.#worker?.terminate()
  }

  async #run(job: CompactionJob): Promise<Uint8Array> {
    if (this.#closed) throw new Error('the compactor is closed')
    clearTimeout(this.#idleTimer)
    const worker = (this.#worker ??= this.#startWorker())
    this.#current = Promise.withResolvers()
    worker.ref()
    worker.postMessage(job)
    try {
      return await this.#current.promise
    } finally {
      this.#current = undefined
      worker.unref()
      this.#idleTimer = setTimeout(() => this.#retire(worker), this.#options.idleMs).unref()
    }
  }

  #retire(worker: Worker): void {
    // Forgotten first: a job that comes while it ends needs another one.
    if (this.#worker === worker) this.#worker = undefined
    void worker.terminate()
  }

  #startWorker(): Worker {
    const { gc, maxHeapMb } = this.#options
    const worker = new Worker(siblingModule(import.meta.url, 'compaction-worker'), {
      name: 'codraft-compaction',
      workerData: { gc } satisfies CompactionWorkerData,
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    })
    const ended = (error: Error): void => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      this.#current?.reject(error)
    }
    worker.on('message', (answer: CompactionAnswer) => {
      if ('state' in answer) this.#current?.resolve(answer.state)
      else this.#current?.reject(new Error(`the updates cannot be applied: ${answer.error}`))
    })
    worker.on('error', ended)
    worker.on('exit', (code) => ended(new Error(`the compaction worker ended with code ${code}`)))
    return worker
  }
}
