import type { CommitReport, EditOrigin, JournalStatus, Ticket } from './Journal.ts'
import { unknownOrigin, type RecordContent } from './record.ts'

/** The next record of each document. */
export type AppendBatch = Map<string, RecordContent>

export interface AppendQueueOptions {
  /** Under load, updates are gathered this long for one write, ms; a write starts at once when the last one started longer ago. */
  readonly gatherMs: number
  /**
   * Makes the updates durable. What it removes from the map is done: when it rejects it is called again, after a wait,
   * with what is left.
   */
  readonly write: (batch: AppendBatch) => Promise<void>
  readonly onCommit?: ((report: CommitReport) => void) | undefined
}

interface PendingRecord {
  readonly time: number
  readonly updates: Uint8Array[]
  readonly origins: EditOrigin[]
}

interface Batch {
  readonly records: AppendBatch
  readonly lastTicket: Ticket
  readonly report: Omit<CommitReport, 'durationMs'>
  readonly startedAt: number
  retryMs: number
}

const firstRetryMs = 50
const maxRetryMs = 2_000

/** The appending half of a journal: gathers updates and writes them, one batch at a time, until each is durable. */
export class AppendQueue {
  durableTicket: Ticket = 0
  readonly #options: AppendQueueOptions
  #ticket: Ticket = 0
  #pending = new Map<string, PendingRecord>()
  #pendingUpdates = 0
  #pendingBytes = 0
  #inFlight: Batch | undefined
  #lastWriteAt = -Infinity
  #scheduled = false
  #retryTimer: NodeJS.Timeout | undefined
  #error: string | undefined
  #closed = false
  readonly #waiters: { ticket: Ticket; resolve: () => void }[] = []
  readonly #durableListeners = new Set<(ticket: Ticket) => void>()
  readonly #statusListeners = new Set<(status: JournalStatus) => void>()

  constructor(options: AppendQueueOptions) {
    this.#options = options
  }

  get status(): JournalStatus {
    const pendingBytes = this.#pendingBytes + (this.#inFlight?.report.bytes ?? 0)
    return {
      healthy: this.#error === undefined,
      pendingBytes,
      ...(this.#error !== undefined && { error: this.#error }),
    }
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

  /** What writes has failed and goes on trying by itself; undefined when it can write again. */
  failing(error: string | undefined): void {
    this.#setError(error)
  }

  /** Repeats a write that has failed now, for when what it needs has come back. */
  retryNow(): void {
    if (!this.#retryTimer) return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    void this.#write()
  }

  /** Writes what is queued and takes nothing more. Resolves to why that failed, or to undefined. */
  async close(): Promise<string | undefined> {
    this.#begin()
    let stop: (() => void) | undefined
    const failed = new Promise<string>((resolve) => {
      if (this.#error !== undefined) resolve(this.#error)
      stop = this.onStatus(({ error }) => error !== undefined && resolve(error))
    })
    const error = await Promise.race([this.whenDurable(this.#ticket), failed])
    stop?.()
    this.#closed = true
    clearTimeout(this.#retryTimer)
    return error ?? undefined
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight) return
    this.#scheduled = true
    const waitMs = this.#lastWriteAt + this.#options.gatherMs - performance.now()
    const begin = (): void => {
      this.#scheduled = false
      this.#begin()
    }
    if (waitMs <= 0) setImmediate(begin)
    else setTimeout(begin, waitMs)
  }

  #begin(): void {
    if (this.#inFlight || this.#pending.size === 0 || this.#closed) return
    this.#lastWriteAt = performance.now()
    this.#inFlight = {
      records: this.#pending,
      lastTicket: this.#ticket,
      report: { updates: this.#pendingUpdates, bytes: this.#pendingBytes },
      startedAt: this.#lastWriteAt,
      retryMs: firstRetryMs,
    }
    this.#pending = new Map()
    this.#pendingUpdates = 0
    this.#pendingBytes = 0
    void this.#write()
  }

  async #write(): Promise<void> {
    const batch = this.#inFlight
    if (!batch) return
    try {
      await this.#options.write(batch.records)
    } catch (error) {
      if (this.#closed) return
      const waitMs = batch.retryMs * (0.5 + Math.random() / 2)
      batch.retryMs = Math.min(maxRetryMs, batch.retryMs * 2)
      this.#retryTimer = setTimeout(() => {
        this.#retryTimer = undefined
        void this.#write()
      }, waitMs)
      this.#setError(error instanceof Error ? error.message : String(error))
      return
    }
    this.#written(batch)
  }

  #written({ lastTicket, report, startedAt }: Batch): void {
    this.#inFlight = undefined
    this.durableTicket = lastTicket
    this.#setError(undefined)
    this.#options.onCommit?.({ ...report, durationMs: performance.now() - startedAt })
    while (this.#waiters[0] && this.#waiters[0].ticket <= this.durableTicket) this.#waiters.shift()?.resolve()
    for (const listener of this.#durableListeners) listener(this.durableTicket)
    if (this.#pending.size > 0) this.#schedule()
  }

  #setError(error: string | undefined): void {
    const changed = (this.#error === undefined) !== (error === undefined)
    this.#error = error
    if (changed) for (const listener of this.#statusListeners) listener(this.status)
  }
}
