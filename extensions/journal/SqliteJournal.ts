import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { CodraftError } from '../errors.ts'
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
import { decodeRecord, encodeRecord, unknownOrigin } from './record.ts'
import type { FromWorker, JournalQueries, RecordToWrite, ToWorker } from './sqlite-protocol.ts'

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

interface Batch {
  readonly records: readonly RecordToWrite[]
  readonly lastTicket: Ticket
  readonly updates: number
  readonly bytes: number
  readonly startedAt: number
}

interface PendingRecord {
  readonly time: number
  readonly updates: Uint8Array[]
  readonly origins: EditOrigin[]
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
  durableTicket: Ticket = 0

  readonly #options: Required<Pick<SqliteJournalOptions, 'path' | 'gatherMs'>> & SqliteJournalOptions
  #worker!: Worker
  #ticket: Ticket = 0
  #pending = new Map<string, PendingRecord>()
  #pendingUpdates = 0
  #pendingBytes = 0
  #inFlight: Batch | undefined
  #lastCommitAt = -Infinity
  #scheduled = false
  #error: string | undefined
  #closing = false
  #questionId = 0
  readonly #questions = new Map<number, Question>()
  readonly #waiters: { ticket: Ticket; resolve: () => void }[] = []
  readonly #durableListeners = new Set<(ticket: Ticket) => void>()
  readonly #statusListeners = new Set<(status: JournalStatus) => void>()
  readonly #erasedListeners = new Set<(documentName: string) => void>()

  private constructor(options: SqliteJournalOptions) {
    this.#options = { gatherMs: 50, ...options }
  }

  get status(): JournalStatus {
    const pendingBytes = this.#pendingBytes + (this.#inFlight?.bytes ?? 0)
    return {
      healthy: this.#error === undefined,
      pendingBytes,
      ...(this.#error !== undefined && { error: this.#error }),
    }
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

  append(documentName: string, update: Uint8Array, origin: EditOrigin = unknownOrigin): Ticket {
    const record = this.#pending.get(documentName)
    if (record) {
      record.updates.push(update)
      record.origins.push(origin)
    } else this.#pending.set(documentName, { time: Date.now(), updates: [update], origins: [origin] })
    this.#pendingUpdates += 1
    this.#pendingBytes += update.length
    this.#ticket += 1
    this.#schedule()
    return this.#ticket
  }

  onDurable(listener: (durableTicket: Ticket) => void): () => void {
    this.#durableListeners.add(listener)
    return () => this.#durableListeners.delete(listener)
  }

  onStatus(listener: (status: JournalStatus) => void): () => void {
    this.#statusListeners.add(listener)
    return () => this.#statusListeners.delete(listener)
  }

  whenDurable(ticket: Ticket): Promise<void> {
    if (ticket <= this.durableTicket) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiters.push({ ticket, resolve })
    return promise
  }

  async read(documentName: string, after: Position = 0): Promise<JournalRecord[]> {
    const records = await this.#ask('read', documentName, after)
    return records.map(({ position, body }) => ({ position, ...decodeRecord(body) }))
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
    this.#commitPending()
    const written = this.whenDurable(this.#ticket)
    let stop: (() => void) | undefined
    const failed = new Promise<string>((resolve) => {
      if (this.#error !== undefined) resolve(this.#error)
      stop = this.onStatus(({ error }) => error !== undefined && resolve(error))
    })
    const error = await Promise.race([written, failed])
    stop?.()
    this.#closing = true
    if (!error) await this.#ask('close')
    await this.#worker.terminate()
    if (error)
      throw new CodraftError('CODRAFT_JOURNAL_UNAVAILABLE', `edits could not be written at the end: ${error}`)
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight) return
    this.#scheduled = true
    const waitMs = this.#lastCommitAt + this.#options.gatherMs - performance.now()
    const commit = (): void => {
      this.#scheduled = false
      this.#commitPending()
    }
    if (waitMs <= 0) setImmediate(commit)
    else setTimeout(commit, waitMs)
  }

  #commitPending(): void {
    if (this.#inFlight || this.#pending.size === 0) return
    const records = Array.from(this.#pending, ([documentName, record]) => ({
      documentName,
      body: encodeRecord(record),
    }))
    this.#lastCommitAt = performance.now()
    this.#inFlight = {
      records,
      lastTicket: this.#ticket,
      updates: this.#pendingUpdates,
      bytes: this.#pendingBytes,
      startedAt: this.#lastCommitAt,
    }
    this.#pending = new Map()
    this.#pendingUpdates = 0
    this.#pendingBytes = 0
    this.#post({ kind: 'commit', records })
  }

  #committed(erased: readonly string[]): void {
    const batch = this.#inFlight
    if (!batch) return
    for (const documentName of erased) for (const listener of this.#erasedListeners) listener(documentName)
    this.#inFlight = undefined
    this.durableTicket = batch.lastTicket
    this.#setError(undefined)
    this.#options.onCommit?.({
      updates: batch.updates,
      bytes: batch.bytes,
      durationMs: performance.now() - batch.startedAt,
    })
    while (this.#waiters[0] && this.#waiters[0].ticket <= this.durableTicket) this.#waiters.shift()?.resolve()
    for (const listener of this.#durableListeners) listener(this.durableTicket)
    if (this.#pending.size > 0) this.#schedule()
  }

  #setError(error: string | undefined): void {
    const changed = (this.#error === undefined) !== (error === undefined)
    this.#error = error
    if (changed) for (const listener of this.#statusListeners) listener(this.status)
  }

  #startWorker(): Promise<void> {
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      workerData: { path: this.#options.path },
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
    this.#setError(error.message)
    for (const { reject } of this.#questions.values()) reject(error)
    this.#questions.clear()
    setTimeout(() => this.#replaceWorker(), workerRestartMs)
  }

  #replaceWorker(): void {
    const resume = (): void => {
      if (this.#inFlight) this.#post({ kind: 'commit', records: this.#inFlight.records })
      else this.#setError(undefined)
    }
    // A further failure arrives at #workerDied again, through the new worker's own error event.
    this.#startWorker().then(resume, () => undefined)
  }

  #receive(message: Exclude<FromWorker, { kind: 'ready' | 'unopened' }>): void {
    switch (message.kind) {
      case 'committed':
        return this.#committed(message.erased)
      case 'failing':
        return this.#setError(message.error)
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
