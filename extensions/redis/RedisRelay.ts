import type { Document, Extension, onLoadDocumentPayload } from '@hocuspocus/server'
import { CodraftError } from '../errors.ts'
import type { EditOrigin, Position, ReplayBase } from '../journal/Journal.ts'
import type { RedisChannels } from './RedisChannels.ts'
import type { RedisConnection } from './RedisConnection.ts'
import { decodeBody, type RedisJournal } from './RedisJournal.ts'
import { decodeRelayMessage, encodeRelayMessage } from './relay-message.ts'
import { RelayedDocument } from './RelayedDocument.ts'

/** Where the extension reports; a pino logger is one. */
export interface RelayLogger {
  warn(details: object, message: string): void
}

export interface RedisRelayOptions {
  readonly connection: RedisConnection
  readonly channels: RedisChannels
  readonly journal: RedisJournal
  /** Eight characters that name this instance, as given to the journal. */
  readonly instance: string
  /** The newest snapshot of a document, as given to the journal extension. */
  readonly base: (documentName: string) => Promise<ReplayBase | undefined>
  /** Called before edits of other instances are applied, for clients that may repeat one of them here. */
  readonly onEdits?: (documentName: string, edits: readonly EditOrigin[]) => void
  /** Whether all edits of a document are durable. */
  readonly isSettled: (document: Document) => boolean
  /**
   * A message that was lost without a trace is missed for this long at most, ms; 0 = never look.
   * @default 10_000
   */
  readonly antiEntropyMs?: number
  readonly logger: RelayLogger
}

const documentsPerCheck = 200

/**
 * Applies what other instances append to the journal. Needs {@link RedisRelay.replayed} as `onReplayed` of the
 * journal extension.
 */
export class RedisRelay implements Extension {
  readonly extensionName = 'RedisRelay'
  /** Before the journal is read: nothing that is appended after that may be missed. */
  readonly priority = 950
  readonly #options: RedisRelayOptions
  readonly #documents = new Map<Document, RelayedDocument>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: RedisRelayOptions) {
    this.#options = options
    options.channels.onResumed(() => this.#healAll())
    options.journal.onLoss((documentName) => this.#restore(documentName))
    this.#scheduleCheck()
  }

  async onLoadDocument({ document, documentName }: onLoadDocumentPayload): Promise<void> {
    const { connection, channels, journal, instance, base, isSettled, onEdits, logger } = this.#options
    const channel = connection.keys.edits(documentName)
    const relayed = new RelayedDocument({
      document,
      instance,
      decode: (position, body) => decodeBody(documentName, position, body),
      onEdits: (edits) => onEdits?.(documentName, edits),
      read: (after) => journal.read(documentName, after),
      base: () => base(documentName),
      isSettled: () => isSettled(document),
      onSeen: (position) => journal.seen(documentName, position),
      send: (kind, position, body) => {
        const message = encodeRelayMessage(instance, kind, position, body)
        connection.commands.spublish(channel, message).catch(() => undefined)
      },
      onError: (error, what) => logger.warn({ err: error, document: documentName }, `relay: ${what} failed`),
    })
    const listeners = {
      [channel]: (bytes: Buffer): void => {
        const message = decodeRelayMessage(bytes)
        if (message) relayed.receive(message)
      },
    }
    this.#documents.set(document, relayed)
    document.once('destroy', () => {
      relayed.end()
      this.#documents.delete(document)
      channels.unsubscribe(listeners)
    })
    try {
      await channels.subscribe(listeners)
    } catch (error) {
      throw new CodraftError('CODRAFT_REDIS_UNAVAILABLE', '', { cause: error })
    }
  }

  /** The document holds everything up to `position`. */
  readonly replayed = (document: Document, position: Position): void => {
    this.#documents.get(document)?.loaded(position)
  }

  /** Resolves when the document holds everything that the journal held when this was called, or when that cannot be read. */
  readonly caughtUp = async (document: Document): Promise<void> => this.#documents.get(document)?.heal()

  async onDestroy(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #healAll(): void {
    for (const relayed of this.#documents.values()) void relayed.heal()
  }

  /** Redis has lost records that were acknowledged: what they held is still here, and is appended again. */
  #restore(documentName: string): void {
    const { journal, logger } = this.#options
    for (const [document, relayed] of this.#documents) {
      if (document.name !== documentName) continue
      logger.warn(
        { document: documentName },
        'Redis has lost records of a document; its state is appended again',
      )
      journal.append(documentName, relayed.state())
    }
  }

  #scheduleCheck(): void {
    const { antiEntropyMs = 10_000 } = this.#options
    if (antiEntropyMs === 0 || this.#stopped) return
    // Jitter keeps instances that started together apart; the stated time holds.
    this.#timer = setTimeout(
      () => {
        void this.#check().finally(() => this.#scheduleCheck())
      },
      antiEntropyMs * (0.7 + Math.random() * 0.2),
    ).unref()
  }

  async #check(): Promise<void> {
    const documents = [...this.#documents]
    for (let i = 0; i < documents.length; i += documentsPerCheck) {
      await this.#checkPositions(documents.slice(i, i + documentsPerCheck)).catch(() => undefined)
    }
    for (const relayed of this.#documents.values()) relayed.announceDigest()
  }

  async #checkPositions(documents: readonly (readonly [Document, RelayedDocument])[]): Promise<void> {
    // What was appended after these were noted is still on its way.
    const before = documents.map(([, relayed]) => relayed.position)
    const last = await this.#options.journal.positions(documents.map(([{ name }]) => name))
    documents.forEach(([, relayed], i) => {
      const known = last[i] as Position
      const isBehind = relayed.position < known && relayed.position === before[i]
      const isAhead = known < (before[i] as Position)
      if (isBehind || isAhead) void relayed.heal()
    })
  }
}
