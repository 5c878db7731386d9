/**
 * What a durable append survives: `memory` = kill -9 of the server, but not of the service that keeps the journal;
 * `process` = kill -9 of any process, `disk` = power loss, `replicated` = loss of the machine.
 */
export type DurabilityLevel = 'memory' | 'process' | 'disk' | 'replicated'

/** Number of an append within this process; grows by one with each append, whatever its document. */
export type Ticket = number

/** Place of a record in the journal of its document: a positive integer that grows with each record. */
export type Position = number

/** Who made an edit, and the name that the client gave it. */
export interface EditOrigin {
  readonly userId?: string
  /** Id by which a client that repeats an edit after a crash makes it idempotent. */
  readonly opId?: string
  /** W3C Trace Context of the edit, when its trace is kept. */
  readonly traceparent?: string
}

export interface JournalRecord {
  readonly position: Position
  /** When the first of its updates was appended, ms since the epoch; undefined when the record does not say. */
  readonly time?: number
  /** Yjs updates (V1) in the order of their appends. */
  readonly updates: readonly Uint8Array[]
  /** Where each of `updates` came from; `{}` = unknown. */
  readonly origins: readonly EditOrigin[]
}

/** How much of a document is in the journal and not trimmed yet. */
export interface JournalTail {
  readonly documentName: string
  readonly records: number
  readonly bytes: number
}

export interface JournalStatus {
  /** False from a failed write until the next one that succeeds. */
  readonly healthy: boolean
  /** Appended and not durable yet, bytes. */
  readonly pendingBytes: number
  /** Why the last write failed; undefined when healthy. */
  readonly error?: string
}

export interface CommitReport {
  readonly updates: number
  readonly bytes: number
  readonly durationMs: number
}

/**
 * Write-ahead log of updates, one sequence of records for each document.
 *
 * Contract, checked by `test/conformance/journal.ts` on every driver:
 * - `append` MUST return at once and MUST NOT throw for a full disk or a lost connection: the driver keeps the
 *   update and retries, in order, until it is durable. Nothing appended later may become durable earlier.
 * - A ticket is durable when its update and every update appended before it are.
 * - `read` MUST return every durable record above `after`, also those of earlier processes, and MUST reject with
 *   CODRAFT_DOCUMENT_CORRUPT, naming the document, when a record fails its checksum, and with
 *   CODRAFT_JOURNAL_TRIMMED when a record above `after` has been trimmed: a snapshot that was replaced meanwhile, or
 *   that is lost, must never lead to a document without its beginning.
 * - `trim` MUST remove the records up to and including `upTo` and no other; it is idempotent.
 * - `erase` MUST remove every record of the document, and leave none of their bytes in what the driver stores. From
 *   then on, in every process and over restarts, `read` of it MUST reject with CODRAFT_DOCUMENT_ERASED, and what is
 *   appended to it MUST be dropped: `onErased` is told, and then the ticket counts as durable. It is idempotent.
 */
export interface Journal {
  /** Names this sequence of positions; another one when the journal was made anew, so that old positions mean nothing. */
  readonly id: string
  readonly durability: DurabilityLevel
  readonly status: JournalStatus
  /** All tickets up to this one are durable. */
  readonly durableTicket: Ticket

  /** Queues `update` to be written; the caller must change neither its bytes nor `origin` afterwards. */
  append(documentName: string, update: Uint8Array, origin?: EditOrigin): Ticket
  /** Calls `listener` after each rise of `durableTicket`. Returns a function that ends it. */
  onDurable(listener: (durableTicket: Ticket) => void): () => void
  /** Calls `listener` when `status.healthy` changes. Returns a function that ends it. */
  onStatus(listener: (status: JournalStatus) => void): () => void
  /** Resolves when `ticket` is durable. */
  whenDurable(ticket: Ticket): Promise<void>

  /** The durable records of a document above `after` (default 0: all), oldest first. */
  read(documentName: string, after?: Position): Promise<JournalRecord[]>
  trim(documentName: string, upTo: Position): Promise<void>
  /** Removes all of a document, and refuses all that comes later. */
  erase(documentName: string): Promise<void>
  /**
   * Calls `listener` when an append was dropped because its document has been erased, before the ticket of the append
   * counts as durable: the instance that has it open is to close it. Returns a function that ends it.
   */
  onErased(listener: (documentName: string) => void): () => void
  /** Documents that have records, for the sweep after a start. */
  tails(): Promise<JournalTail[]>

  /** Writes what is queued, then releases all resources. Rejects when something could not be written. */
  close(): Promise<void>
}

/** Where a replay starts: the newest stored state of a document and the journal position that it includes. */
export interface ReplayBase {
  /** Yjs state (V1). */
  readonly state: Uint8Array
  readonly position: Position
  /** Edits in the state that have an op id, the last ones, oldest first; their journal records may be trimmed. */
  readonly edits?: readonly EditOrigin[]
}
