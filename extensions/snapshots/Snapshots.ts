import type { afterUnloadDocumentPayload, Extension, onLoadDocumentPayload } from '@hocuspocus/server'
import { CodraftError, type ErrorCode } from '../errors.ts'
import type { Journal, JournalRecord, Position } from '../journal/Journal.ts'
import { CompactionSchedule, type DirtyDocument } from './CompactionSchedule.ts'
import { Compactor } from './Compactor.ts'
import { isRelayed } from '../transaction-origin.ts'
import { rememberedEdits } from './manifest.ts'
import type { ObjectStore } from './ObjectStore.ts'
import { SnapshotStore, type StoredSnapshot } from './SnapshotStore.ts'

/** Where the extension reports; a pino logger is one. */
export interface SnapshotsLogger {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface CompactionReport {
  readonly documentName: string
  /** Journal records that the new snapshot has taken over. */
  readonly records: number
  /** Size of the Yjs state (V1). */
  readonly stateBytes: number
  readonly durationMs: number
}

export interface SnapshotsStatus {
  /** False while a document cannot be compacted, other than a corrupt one. Its edits are safe in the journal. */
  readonly healthy: boolean
  /** Documents whose last compaction failed, corrupt ones not counted. */
  readonly failing: number
  /** Documents of which a stored file or journal record is damaged or missing; the log names them. */
  readonly corrupt: number
  /** Why the last failure happened; undefined when nothing fails. */
  readonly lastError?: string
  /** Age of the oldest edit that is in the journal and in no snapshot, ms; 0 when there is none. */
  readonly oldestUnstoredMs: number
}

export interface SnapshotsConfiguration {
  readonly journal: Journal
  readonly objects: ObjectStore
  /**
   * A document with this much in the journal gets a new snapshot.
   * @default 1_048_576
   */
  readonly compactAfterBytes?: number
  /**
   * A document edited this long ago gets a new snapshot.
   * @default 300_000
   */
  readonly compactAfterMs?: number
  /**
   * Wait after the first failure, ms; it doubles with each further one, with jitter.
   * @default 1_000
   */
  readonly firstRetryMs?: number
  /**
   * Longest wait after a failure, ms.
   * @default 60_000
   */
  readonly maxRetryMs?: number
  /**
   * As `yDocOptions.gc` of the server: whether the content of deleted items is dropped.
   * @default true
   */
  readonly gc?: boolean
  /**
   * Up to where the journal of a document may be trimmed, besides what a snapshot holds; see `EditPublisher`.
   * @default no limit
   */
  readonly trimLimit?: (documentName: string) => Promise<Position>
  /**
   * How often the journal is searched for documents that an instance which died has left, ms; needed where several
   * instances share it. Default: once, at the start.
   */
  readonly sweepEveryMs?: number
  /** Whether this instance is the one to search now. Default: always. */
  readonly claimSweep?: () => Promise<boolean>
  readonly logger?: SnapshotsLogger
  /** Called after each compaction. */
  readonly onCompacted?: (report: CompactionReport) => void
  /** Called when `status.healthy` changes. */
  readonly onStatus?: (status: SnapshotsStatus) => void
}

const defaults = {
  compactAfterBytes: 1024 * 1024,
  compactAfterMs: 300_000,
  firstRetryMs: 1_000,
  maxRetryMs: 60_000,
  gc: true,
}

const maxScanMs = 1_000
const maxReadAttempts = 5
/** A damaged file stays damaged until somebody restores it. */
const corruptRetryMs = 600_000
const silent: SnapshotsLogger = { info: () => {}, warn: () => {}, error: () => {} }

/**
 * Keeps journals short: makes a snapshot of a document that has enough in the journal, then trims its journal up to
 * what the stored manifest includes. Documents are done one at a time and the work is done in a thread. When the
 * store fails, the journal keeps everything and the document is tried again.
 *
 * ```ts
 * const snapshots = new Snapshots({ journal, objects })
 * new Server({ extensions: [new JournalExtension({ journal, base: snapshots.base }), snapshots] })
 * ```
 */
export class Snapshots implements Extension {
  readonly extensionName = 'Snapshots'
  /** After the Journal extension, which loads; before the others, whose edits in `onLoadDocument` count. */
  readonly priority = 890
  readonly configuration: SnapshotsConfiguration & typeof defaults
  readonly store: SnapshotStore

  readonly #logger: SnapshotsLogger
  readonly #compactor: Compactor
  readonly #schedule: CompactionSchedule
  readonly #failures = new Map<string, { readonly error: string; readonly corrupt: boolean }>()
  #timer: NodeJS.Timeout | undefined
  #sweepAt = 0
  #hasSwept = false
  #current: DirtyDocument | undefined
  #running: Promise<void> | undefined
  #stopped = false

  constructor(configuration: SnapshotsConfiguration) {
    this.configuration = { ...defaults, ...configuration }
    this.#logger = this.configuration.logger ?? silent
    this.#schedule = new CompactionSchedule(this.configuration)
    this.#compactor = new Compactor({ gc: this.configuration.gc })
    this.store = new SnapshotStore({
      objects: this.configuration.objects,
      journalId: this.configuration.journal.id,
      merge: (a, b) => this.#compactor.compact({ state: a, updates: [b] }),
    })
  }

  get status(): SnapshotsStatus {
    const failing = this.#failing
    const lastError = [...this.#failures.values()].at(-1)?.error
    const now = performance.now()
    const dirtySince = Math.min(this.#schedule.dirtySince ?? now, this.#current?.dirtySince ?? now)
    return {
      healthy: failing === 0,
      failing,
      corrupt: this.#failures.size - failing,
      ...(lastError !== undefined && { lastError }),
      oldestUnstoredMs: Math.round(now - dirtySince),
    }
  }

  /** Where the Journal extension starts a replay: give it as its `base`. Rejects with CODRAFT_DOCUMENT_ERASED. */
  readonly base = async (documentName: string): Promise<StoredSnapshot | undefined> => {
    const stored = await this.store.read(documentName)
    if (stored && stored.key === undefined) throw new CodraftError('CODRAFT_DOCUMENT_ERASED', documentName)
    return stored
  }

  async onConfigure(): Promise<void> {
    this.start()
  }

  async onLoadDocument({ document, documentName }: onLoadDocumentPayload): Promise<void> {
    document.on('update', (update: Uint8Array, origin: unknown) => {
      if (isRelayed(origin)) return
      if (this.#schedule.edited(documentName, update.length, performance.now())) this.#work()
    })
  }

  async afterUnloadDocument({ documentName }: afterUnloadDocumentPayload): Promise<void> {
    if (this.#schedule.unloaded(documentName, performance.now())) this.#work()
  }

  async onDestroy(): Promise<void> {
    await this.stop()
  }

  /** Begins with what earlier processes have left in the journal. Hocuspocus calls it through `onConfigure`. */
  start(): void {
    if (this.#timer) return
    const { compactAfterMs, firstRetryMs } = this.configuration
    const scanMs = Math.min(maxScanMs, compactAfterMs, firstRetryMs)
    this.#timer = setInterval(() => this.#work(), scanMs).unref()
    this.#work()
  }

  /** Starts nothing new and waits, at most `deadlineMs`, for the compaction under way. What is left stays journaled. */
  async stop(deadlineMs = 10_000): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    const deadline = Promise.withResolvers<void>()
    const timer = setTimeout(deadline.resolve, deadlineMs)
    await Promise.race([this.#running, deadline.promise])
    clearTimeout(timer)
    await this.#compactor.close()
  }

  get #failing(): number {
    let count = 0
    for (const { corrupt } of this.#failures.values()) if (!corrupt) count += 1
    return count
  }

  #work(): void {
    if (this.#running || this.#stopped) return
    this.#running = this.#compactDue()
      .catch((error: unknown) => {
        this.#logger.error({ error: messageOf(error) }, 'a callback of the Snapshots extension failed')
      })
      .finally(() => {
        this.#running = undefined
      })
  }

  async #compactDue(): Promise<void> {
    if (performance.now() >= this.#sweepAt) await this.#sweep()
    while (!this.#stopped) {
      this.#current = this.#schedule.take(performance.now())
      if (!this.#current) return
      await this.#attempt(this.#current)
    }
  }

  async #sweep(): Promise<void> {
    const { journal, claimSweep, sweepEveryMs = Infinity, maxRetryMs } = this.configuration
    try {
      if (!claimSweep || (await claimSweep()))
        for (const { documentName, bytes, records } of await journal.tails()) {
          // What has been edited here since is known; it must not count again with each search.
          if (this.#hasSwept && this.#schedule.has(documentName)) continue
          this.#schedule.found(documentName, bytes, records, performance.now())
        }
      this.#hasSwept = true
      this.#sweepAt = performance.now() + sweepEveryMs
    } catch (error) {
      this.#sweepAt = performance.now() + maxRetryMs
      this.#logger.warn({ error: messageOf(error) }, 'cannot list what is in the journal; trying again')
    }
  }

  async #attempt(document: DirtyDocument): Promise<void> {
    let report: CompactionReport | undefined
    try {
      report = await this.#compact(document)
    } catch (error) {
      if (this.#stopped) return
      if (hasCode(error, 'CODRAFT_DOCUMENT_ERASED')) {
        this.#setFailure(document.documentName, undefined)
        return
      }
      const corrupt = isDamage(error)
      this.#schedule.failed(document, performance.now(), corrupt ? corruptRetryMs : 0)
      this.#setFailure(document.documentName, { error: messageOf(error), corrupt })
      return
    }
    this.#setFailure(document.documentName, undefined)
    if (report) this.configuration.onCompacted?.(report)
  }

  async #compact({ documentName, leftBehind }: DirtyDocument): Promise<CompactionReport | undefined> {
    const { journal } = this.configuration
    const startedAt = performance.now()
    // An edit that is not durable yet is not read, and must not be forgotten.
    if (journal.status.pendingBytes > 0) this.#schedule.unsettled(documentName, performance.now())
    const { base, records } = await this.#read(documentName)
    let stored = base
    const position = records.at(-1)?.position
    if (position !== undefined) {
      const updates = records.flatMap((record) => record.updates)
      const state = await this.#compactor.compact(base ? { state: base.state, updates } : { updates })
      const edits = rememberedEdits(base?.edits ?? [], ...records.map(({ origins }) => origins))
      stored = await this.store.commit(documentName, { state, position, edits }, base)
    }
    // Without new records too: the process may have ended between the last commit and its trim.
    if (stored) await this.#trim(documentName, stored.position)
    if (leftBehind) await this.store.deleteOrphans(documentName)
    if (!stored || position === undefined) return undefined
    const durationMs = performance.now() - startedAt
    return { documentName, records: records.length, stateBytes: stored.state.length, durationMs }
  }

  async #trim(documentName: string, stored: Position): Promise<void> {
    const { journal, trimLimit } = this.configuration
    const limit = trimLimit ? await trimLimit(documentName) : Infinity
    await journal.trim(documentName, Math.min(stored, limit))
    // The rest goes with the next snapshot, or when this one has become old.
    if (limit < stored) this.#schedule.unsettled(documentName, performance.now())
  }

  /** What another instance commits and trims between the two reads makes both obsolete. */
  async #read(
    documentName: string,
    attempt = 1,
  ): Promise<{ base: StoredSnapshot | undefined; records: JournalRecord[] }> {
    const base = await this.store.read(documentName)
    try {
      return { base, records: await this.configuration.journal.read(documentName, base?.position) }
    } catch (error) {
      if (!hasCode(error, 'CODRAFT_JOURNAL_TRIMMED') || attempt === maxReadAttempts) throw error
    }
    return this.#read(documentName, attempt + 1)
  }

  /** Logs and reports changes only: when a store is down, every document fails, again and again. */
  #setFailure(documentName: string, failure: { error: string; corrupt: boolean } | undefined): void {
    const wasHealthy = this.#failing === 0
    const known = this.#failures.get(documentName)
    this.#failures.delete(documentName)
    if (failure) this.#failures.set(documentName, failure)
    const healthy = this.#failing === 0
    if (failure?.corrupt && !known?.corrupt)
      this.#logger.error(
        { document: documentName, error: failure.error },
        'document is corrupt and gets no snapshots',
      )
    if (healthy === wasHealthy) return
    if (healthy) this.#logger.info({}, 'snapshots are stored again')
    else
      this.#logger.warn(
        { document: documentName, error: failure?.error },
        'snapshots cannot be stored; edits stay in the journal',
      )
    this.configuration.onStatus?.(this.status)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const hasCode = (error: unknown, code: ErrorCode): boolean =>
  error instanceof CodraftError && error.errorCode === code

/** A journal that stays trimmed above the snapshot shows that the snapshot is lost. */
const isDamage = (error: unknown): boolean =>
  hasCode(error, 'CODRAFT_DOCUMENT_CORRUPT') || hasCode(error, 'CODRAFT_JOURNAL_TRIMMED')
