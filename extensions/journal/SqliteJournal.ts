import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { CodraftError } from '../errors.ts'
import { siblingModule } from '../sibling-module.ts'
import { AppendQueue, type AppendBatch } from './AppendQueue.ts'
import type {
  CommitReport,
  EditOrigin,
  Journal,
  JournalRecord,
  JournalStatus,
  JournalTail,
  Position,
  Ticket,
} from './Journal.ts'
import { pack, unpack } from './packed.ts'
import { decodeRecord, encodeRecord } from './record.ts'
import type { FromWorker, JournalQueries, RecordsToWrite, ToWorker } from './sqlite-protocol.ts'

export interface SqliteJournalOptions {
  /** Database file; its folder is made when missing. */
  readonly path: string
  /**
   * Under load, updates are gathered this long for one commit; a commit starts at once when the last one started
   * longer ago. A durable commit costs 0.2-0.35 ms of CPU whatever its size, so commits a second are what matters.
   * @default 50
   */
  readonly gatherMs?: number
  /** Called after each commit. */
  readonly onCommit?: (report: CommitReport) => void
}

/** Records that the worker has been given and has not committed yet. */
interface Commit {
  readonly records: RecordsToWrite
  readonly resolve: () => void
}

interface Question {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

const workerRestartMs = 1_000

/**
 * Journal in a SQLite file (WAL, synchronous=FULL: durable against power loss). A worker thread commits; one
 * commit is under way at a time and what is appended meanwhile forms the next. The worker retries a failing
 * commit until it succeeds; a worker that dies is replaced and gets the unfinished batch again.
 */
export class SqliteJournal implements Journal {
  id = ''
  readonly durability = 'disk'

  readonly #path: string
  readonly #queue: AppendQueue
  #worker!: Worker
  #commit: Commit | undefined
  #closing = false
  #questionId = 0
  readonly #questions = new Map<number, Question>()
  readonly #erasedListeners = new Set<(documentName: string) => void>()

  private constructor({ path, gatherMs = 50, onCommit }: SqliteJournalOptions) {
    this.#path = path
    this.#queue = new AppendQueue({ gatherMs, onCommit, write: (batch) => this.#write(batch) })
  }

  get status(): JournalStatus {
    return this.#queue.status
  }

  get durableTicket(): Ticket {
    return this.#queue.durableTicket
  }

  /**
   * Opens or creates the journal. Rejects when the file cannot be opened, with CODRAFT_SCHEMA_NEWER when a newer
   * version of codraft has written it.
   */
  static async open(options: SqliteJournalOptions): Promise<SqliteJournal> {
    await mkdir(dirname(options.path), { recursive: true })
    const journal = new SqliteJournal(options)
    await journal.#startWorker()
    return journal
  }

  append(documentName: string, update: Uint8Array, origin?: EditOrigin): Ticket {
    return this.#queue.append(documentName, update, origin)
  }

  onDurable(listener: (durableTicket: Ticket) => void): () => void {
    return this.#queue.onDurable(listener)
  }

  onStatus(listener: (status: JournalStatus) => void): () => void {
    return this.#queue.onStatus(listener)
  }

  whenDurable(ticket: Ticket): Promise<void> {
    return this.#queue.whenDurable(ticket)
  }

  async read(documentName: string, after: Position = 0): Promise<JournalRecord[]> {
    const { positions, bodies } = await this.#ask('read', documentName, after)
    return unpack(bodies).map((body, index) => ({
      position: positions[index] as Position,
      ...decodeRecord(body),
    }))
  }

  async trim(documentName: string, upTo: Position): Promise<void> {
    await this.#ask('trim', documentName, upTo)
  }

  async erase(documentName: string): Promise<void> {
    await this.#ask('erase', documentName)
  }

  onErased(listener: (documentName: string) => void): () => void {
    this.#erasedListeners.add(listener)
    return () => this.#erasedListeners.delete(listener)
  }

  tails(): Promise<JournalTail[]> {
    return this.#ask('tails')
  }

  async close(): Promise<void> {
    const error = await this.#queue.close()
    this.#closing = true
    if (!error) await this.#ask('close')
    await this.#worker.terminate()
    if (error)
      throw new CodraftError('CODRAFT_JOURNAL_UNAVAILABLE', `edits could not be written at the end: ${error}`)
  }

  #write(batch: AppendBatch): Promise<void> {
    const records = {
      documentNames: [...batch.keys()],
      bodies: pack(Array.from(batch.values(), encodeRecord)),
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#commit = { records, resolve }
    this.#post({ kind: 'commit', records })
    return promise
  }

  #committed(erased: readonly string[]): void {
    const commit = this.#commit
    if (!commit) return
    this.#commit = undefined
    for (const documentName of erased) for (const listener of this.#erasedListeners) listener(documentName)
    commit.resolve()
  }

  #startWorker(): Promise<void> {
    const worker = new Worker(siblingModule(import.meta.url, 'sqlite-worker'), {
      workerData: { path: this.#path },
      name: 'codraft-journal',
    })
    this.#worker = worker
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    worker.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') {
        this.id = message.journalId
        resolve()
      } else if (message.kind === 'unopened') {
        reject(new CodraftError(message.errorCode, message.error))
      } else this.#receive(message)
    })
    worker.on('error', (error: Error) => {
      reject(error)
      this.#workerDied(error)
    })
    return promise
  }

  #workerDied(error: Error): void {
    if (this.#closing) return
    this.#queue.failing(error.message)
    for (const { reject } of this.#questions.values()) reject(error)
    this.#questions.clear()
    setTimeout(() => this.#replaceWorker(), workerRestartMs)
  }

  #replaceWorker(): void {
    const resume = (): void => {
      if (this.#commit) this.#post({ kind: 'commit', records: this.#commit.records })
      else this.#queue.failing(undefined)
    }
    // A further failure arrives at #workerDied again, through the new worker's own error event.
    this.#startWorker().then(resume, () => undefined)
  }

  #receive(message: Exclude<FromWorker, { kind: 'ready' | 'unopened' }>): void {
    switch (message.kind) {
      case 'committed':
        return this.#committed(message.erased)
      case 'failing':
        return this.#queue.failing(message.error)
      case 'answer':
        this.#take(message.id)?.resolve(message.result as never)
        return
      case 'refusal':
        this.#take(message.id)?.reject(
          message.errorCode === undefined
            ? new Error(`journal: ${message.error}`)
            : new CodraftError(message.errorCode, message.error),
        )
    }
  }

  #take(id: number): Question | undefined {
    const question = this.#questions.get(id)
    this.#questions.delete(id)
    return question
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #ask<Q extends keyof JournalQueries>(
    kind: Q,
    ...args: JournalQueries[Q]['args']
  ): Promise<JournalQueries[Q]['result']> {
    this.#questionId += 1
    const id = this.#questionId
    const { promise, resolve, reject } = Promise.withResolvers<JournalQueries[Q]['result']>()
    this.#questions.set(id, { resolve, reject })
    this.#post({ kind, id, args } as ToWorker)
    return promise
  }
}
