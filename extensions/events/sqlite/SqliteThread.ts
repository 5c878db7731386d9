import { Worker } from 'node:worker_threads'
import { CodraftError } from '../../errors.ts'
import { siblingModule } from '../../sibling-module.ts'
import type { CallName, FromWorker, SqliteCalls } from './protocol.ts'

interface Question {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

/** The thread that owns the database file. One that dies is replaced at the next call. */
export class SqliteThread {
  readonly #path: string
  readonly #onChanged: () => void
  #worker: Worker | undefined
  #lastId = 0
  readonly #questions = new Map<number, Question>()

  constructor(path: string, onChanged: () => void) {
    this.#path = path
    this.#onChanged = onChanged
  }

  /** @throws {CodraftError} CODRAFT_SCHEMA_NEWER, or what SQLite says of a file that cannot be opened */
  start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const worker = new Worker(siblingModule(import.meta.url, 'log-worker'), {
      workerData: { path: this.#path },
      name: 'codraft-events',
    })
    this.#worker = worker
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') {
        resolve()
        // One that takes the place of another has not seen what happened in between.
        this.#onChanged()
      } else if (message.kind === 'unopened') reject(new CodraftError(message.errorCode, message.error))
      else this.#receive(message)
    })
    worker.on('error', (error: Error) => {
      reject(error)
      if (this.#worker !== worker) return
      this.#worker = undefined
      for (const question of this.#questions.values()) question.reject(unavailable(error))
      this.#questions.clear()
    })
    return promise
  }

  async call<N extends CallName>(
    name: N,
    ...args: Parameters<SqliteCalls[N]>
  ): Promise<ReturnType<SqliteCalls[N]>> {
    if (!this.#worker) {
      await this.start().catch((error: unknown) => {
        throw unavailable(error)
      })
    }
    this.#lastId += 1
    const id = this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<ReturnType<SqliteCalls[N]>>()
    this.#questions.set(id, { resolve, reject })
    this.#worker?.postMessage({ id, name, args })
    return promise
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (!worker) return
    await this.call('close')
    this.#worker = undefined
    await worker.terminate()
  }

  #receive(message: Extract<FromWorker, { kind: 'answer' | 'refusal' | 'changed' }>): void {
    if (message.kind === 'changed') return this.#onChanged()
    const question = this.#questions.get(message.id)
    this.#questions.delete(message.id)
    if (message.kind === 'answer') question?.resolve(message.result as never)
    else question?.reject(new CodraftError(message.errorCode, message.error))
  }
}

const unavailable = (cause: unknown): CodraftError =>
  new CodraftError('CODRAFT_EVENTS_UNAVAILABLE', cause instanceof Error ? cause.message : '', { cause })
