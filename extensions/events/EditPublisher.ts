import { setImmediate } from 'node:timers/promises'
import type { Extension, onLoadDocumentPayload } from '@hocuspocus/server'
import { CodraftError } from '../errors.ts'
import type { Journal, JournalRecord, Position } from '../journal/Journal.ts'
import { tracesOf } from '../journal/record.ts'
import { outsideTraces } from '../tracing/index.ts'
import { isRelayed } from '../transaction-origin.ts'
import { encodeEvent, topicOf } from './catalogue.ts'
import { EditBatch, type Flushed } from './EditBatch.ts'
import { editEvent, editEventId } from './edit-event.ts'
import type { EventLog } from './EventLog.ts'
import { startPublication } from './publication.ts'

/**
 * How far the edits of each document have been published. Several publishers may share it: a document belongs to one
 * at a time, until it has not been claimed again for a while.
 */
export interface PublishedPositions {
  /**
   * Takes documents, or keeps them. Resolves to the positions of those that are this publisher's now; 0 = nothing is
   * published.
   */
  claim(documentNames: readonly string[]): Promise<Map<string, Position>>
  save(positions: ReadonlyMap<string, Position>): Promise<void>
  /** The saved position of a document, whoever publishes it. */
  read(documentName: string): Promise<Position>
}

/** Where it reports; a pino logger is one. */
interface PublisherLogger {
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export interface EditPublisherOptions {
  readonly journal: Journal
  readonly log: EventLog
  readonly positions: PublishedPositions
  /** Position in the newest snapshot of a document: where publishing begins when the journal before it is gone. */
  readonly base: (documentName: string) => Promise<{ readonly position: Position } | undefined>
  /**
   * Whether all edits of a document so far are durable: what is not is not read yet, and is looked for again.
   * @default whether those of all documents are
   */
  readonly isDurable?: (documentName: string) => boolean
  /**
   * Edits are published this long after the first of them, ms.
   * @default 2_000
   */
  readonly gatherMs?: number
  /**
   * How often the journal is searched for what no instance has published, ms.
   * @default 60_000
   */
  readonly sweepMs?: number
  readonly logger?: PublisherLogger
  /** Called with the number of events after each publication. */
  readonly onPublished?: (events: number) => void
}

const editTopic = topicOf('document.edited')
const documentsAtOnce = 16
/** After this the clients have their turn, ms. */
const turnMs = 2
const firstRetryMs = 500
const maxRetryMs = 10_000
/** A document that cannot be read, or that another instance publishes, is looked at again after this, ms. */
const unreadableRetryMs = 60_000
const foreignRetryMs = 5_000
const silent: PublisherLogger = { warn: () => {}, error: () => {} }

/**
 * Publishes every durable edit as `document.edited` on the topic `document-edits`, in order for each document. The
 * events are made from the journal, after the acknowledgement: a log that is away delays them and holds up nobody.
 * What an instance has not published when it ends, it or another publishes later.
 *
 * Give {@link trimLimit} to the Snapshots extension, so that the journal keeps what is not published.
 */
export class EditPublisher implements Extension {
  readonly extensionName = 'EditPublisher'
  readonly priority = 880
  readonly #options: EditPublisherOptions & { readonly gatherMs: number; readonly sweepMs: number }
  readonly #logger: PublisherLogger
  /** Documents that may have edits to publish, since when (`performance.now()`). */
  readonly #dirty = new Map<string, number>()
  /** Published, and not saved yet. */
  readonly #published = new Map<string, Position>()
  readonly #notBefore = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #sweeping: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #failures = 0
  #stopped = false

  constructor(options: EditPublisherOptions) {
    this.#options = { gatherMs: 2_000, sweepMs: 60_000, ...options }
    this.#logger = options.logger ?? silent
  }

  /** Age of the oldest edit that waits to be published, ms; 0 when none does. */
  get oldestUnpublishedMs(): number {
    const [since] = this.#dirty.values()
    return since === undefined ? 0 : Math.round(performance.now() - since)
  }

  /** Up to where the journal of a document may be trimmed. */
  readonly trimLimit = (documentName: string): Promise<Position> => this.#options.positions.read(documentName)

  async onConfigure(): Promise<void> {
    this.start()
  }

  async onLoadDocument({ document, documentName }: onLoadDocumentPayload): Promise<void> {
    document.on('update', (_update: Uint8Array, origin: unknown) => {
      if (!isRelayed(origin)) this.#note(documentName)
    })
  }

  async onDestroy(): Promise<void> {
    await this.stop()
  }

  /** Begins with what earlier processes have left. Hocuspocus calls it through `onConfigure`. */
  start(): void {
    if (this.#sweeping) return
    this.#sweeping = setInterval(() => void this.#sweep(), this.#options.sweepMs).unref()
    void this.#sweep()
  }

  /** Publishes what is durable once more, when the log can be reached, and stops. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#sweeping)
    clearTimeout(this.#timer)
    await this.#running
    if (this.#failures === 0 && this.#dirty.size > 0) await this.#pass().catch(() => undefined)
  }

  /** Resolves when nothing is being published that was read before the call. */
  async settled(): Promise<void> {
    await this.#running
  }

  #note(documentName: string): void {
    if (this.#dirty.has(documentName)) return
    this.#dirty.set(documentName, performance.now())
    this.#schedule(this.#options.gatherMs)
  }

  #schedule(waitMs: number): void {
    if (this.#timer || this.#running || this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#running = this.#run()
    }, waitMs)
  }

  async #run(): Promise<void> {
    try {
      await outsideTraces(() => this.#pass())
      if (this.#failures > 0) this.#logger.warn({}, 'edits are published again')
      this.#failures = 0
    } catch (error) {
      if (this.#failures === 0)
        this.#logger.error({ error: messageOf(error) }, 'edits cannot be published; the journal keeps them')
      this.#failures += 1
    }
    this.#running = undefined
    if (this.#dirty.size === 0) return
    const retryMs = Math.min(maxRetryMs, firstRetryMs * 2 ** this.#failures) * (0.5 + Math.random() / 2)
    this.#schedule(this.#failures > 0 ? retryMs : this.#options.gatherMs)
  }

  async #sweep(): Promise<void> {
    try {
      for (const { documentName } of await this.#options.journal.tails()) this.#note(documentName)
    } catch (error) {
      this.#logger.warn({ error: messageOf(error) }, 'cannot list what is in the journal; trying again later')
    }
  }

  /** Publishes what is durable of all dirty documents. Rejects when journal, log or positions cannot be reached. */
  async #pass(): Promise<void> {
    const { journal, positions, isDurable = () => journal.status.pendingBytes === 0 } = this.#options
    const now = performance.now()
    for (const [name, notBefore] of this.#notBefore) if (notBefore <= now) this.#notBefore.delete(name)
    const due = [...this.#dirty].filter(([name]) => !this.#notBefore.has(name))
    const durable = new Set(due.map(([name]) => name).filter(isDurable))
    const claimed = await positions.claim(due.map(([name]) => name))
    for (const [name] of due) {
      if (!claimed.has(name)) this.#later(name, foreignRetryMs)
      else if (durable.has(name)) this.#dirty.delete(name)
    }
    const batch = new EditBatch((messages) => this.#options.log.publish(editTopic, messages))
    const names = [...claimed.keys()]
    try {
      for (let start = 0; start < names.length; start += documentsAtOnce)
        await this.#publish(names.slice(start, start + documentsAtOnce), claimed, batch)
      this.#flushed(await batch.flush())
    } catch (error) {
      for (const [name, since] of due) if (claimed.has(name)) this.#dirty.set(name, since)
      await this.#save().catch(() => undefined)
      throw error
    }
    await this.#save()
  }

  /** Puts into the batch what the journal has above the positions, document by document. */
  async #publish(
    documentNames: readonly string[],
    claimed: ReadonlyMap<string, Position>,
    batch: EditBatch,
  ): Promise<void> {
    const reads = await Promise.allSettled(
      documentNames.map((name) =>
        this.#read(name, Math.max(claimed.get(name) as Position, this.#published.get(name) ?? 0)),
      ),
    )
    let turnEndsAt = performance.now() + turnMs
    for (const [index, documentName] of documentNames.entries()) {
      const read = reads[index] as PromiseSettledResult<JournalRecord[]>
      if (read.status === 'rejected') {
        this.#unread(documentName, read.reason)
        continue
      }
      for (const record of read.value) {
        this.#add(documentName, record, batch)
        if (batch.isFull) this.#flushed(await batch.flush())
        if (performance.now() < turnEndsAt) continue
        await setImmediate()
        turnEndsAt = performance.now() + turnMs
      }
    }
  }

  #unread(documentName: string, error: unknown): void {
    if (hasCode(error, 'CODRAFT_DOCUMENT_ERASED')) return
    if (!isUnreadable(error)) throw error
    this.#later(documentName, unreadableRetryMs)
    this.#logger.error(
      { document: documentName, error: messageOf(error) },
      'edits of a document cannot be published',
    )
  }

  /** Remembered before it is saved: a pass that fails later does not publish this again. */
  #flushed({ events, positions }: Flushed): void {
    for (const [name, position] of positions) this.#published.set(name, position)
    if (events > 0) this.#options.onPublished?.(events)
  }

  async #save(): Promise<void> {
    if (this.#published.size === 0) return
    await this.#options.positions.save(this.#published)
    this.#published.clear()
  }

  #later(documentName: string, waitMs: number): void {
    this.#notBefore.set(documentName, performance.now() + waitMs)
    this.#dirty.set(documentName, performance.now())
  }

  /** A record that Yjs cannot read would hold up all that follow. */
  #add(documentName: string, record: JournalRecord, batch: EditBatch): void {
    const { journal } = this.#options
    const { position } = record
    const event = { id: editEventId(journal.id, documentName, record), documentName }
    const span = startPublication(editTopic, tracesOf(record.origins), event)
    try {
      const message = encodeEvent(editEvent(journal.id, documentName, record, span?.traceparent))
      batch.add(documentName, position, message, span)
    } catch (error) {
      span?.fail(error)
      batch.add(documentName, position, undefined)
      const details = { document: documentName, position, error: messageOf(error) }
      this.#logger.error(details, 'a journal record cannot be published: it holds no update')
    }
  }

  async #read(documentName: string, position: Position): Promise<JournalRecord[]> {
    const { journal, base } = this.#options
    try {
      return await journal.read(documentName, position)
    } catch (error) {
      if (!hasCode(error, 'CODRAFT_JOURNAL_TRIMMED')) throw error
      // Trimmed before there was a publisher: what is left is published.
      const start = (await base(documentName))?.position ?? 0
      if (start <= position) throw error
      return journal.read(documentName, start)
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof CodraftError && error.errorCode === code

const isUnreadable = (error: unknown): boolean =>
  hasCode(error, 'CODRAFT_DOCUMENT_CORRUPT') || hasCode(error, 'CODRAFT_JOURNAL_TRIMMED')
