import type {
  beforeUnloadDocumentPayload,
  Document,
  Extension,
  onLoadDocumentPayload,
} from '@hocuspocus/server'
import { applyUpdate } from 'yjs'
import { CodraftError } from '../errors.ts'
import { isRelayed, opIdOf } from '../transaction-origin.ts'
import type { EditOrigin, Journal, JournalRecord, ReplayBase, Ticket } from './Journal.ts'
import { unknownOrigin } from './record.ts'

/** A document as the stores hold it: apply `state`, then `updates` in their order. */
export interface StoredDocument {
  readonly state?: Uint8Array
  readonly updates: readonly Uint8Array[]
  /** Where each of `updates` came from: the op ids that a client may repeat are here. */
  readonly origins: readonly EditOrigin[]
}

export interface JournalExtensionOptions {
  readonly journal: Journal
  /** Where the replay of a document starts. Default: at the beginning of its journal. */
  readonly base?: (documentName: string) => Promise<ReplayBase | undefined>
  /** Called with what was read, before it is applied; the load goes on when the promise resolves. */
  readonly beforeReplay?: (documentName: string, stored: StoredDocument) => Promise<void>
  /**
   * The user of a Hocuspocus context; who made an edit is kept beside it.
   *
   * @default the `user.id` of the context, where the Auth extension puts it
   */
  readonly identityOf?: (context: unknown) => { readonly userId: string } | undefined
}

interface Contextual {
  readonly context?: unknown
}

const maxReadAttempts = 5

const userOfContext = (context: unknown): { userId: string } | undefined => {
  const id = (context as { user?: { id?: unknown } } | null | undefined)?.user?.id
  return typeof id === 'string' ? { userId: id } : undefined
}

/** Origin of a replayed update: neither journaled again nor stored by other extensions. */
const replayOrigin = { source: 'local', skipStoreHooks: true } as const

/**
 * Loads documents from the journal and appends every further update to it, whoever made it: a client, the server,
 * or an extension that fills a new document. Updates relayed from another instance are in the journal already.
 *
 * In a Hocuspocus server of your own this makes edits durable within milliseconds; the acknowledgement that waits
 * for it is the transport's part, see {@link JournalExtension.ticketOf}.
 */
export class JournalExtension implements Extension {
  readonly extensionName = 'Journal'
  /** Before extensions of the default priority, so that they find the stored content. */
  readonly priority = 900
  readonly #options: JournalExtensionOptions
  readonly #tickets = new WeakMap<Document, Ticket>()
  /** One for each connection, so that an edit makes no object. */
  readonly #origins = new WeakMap<Contextual, EditOrigin>()

  constructor(options: JournalExtensionOptions) {
    this.#options = options
  }

  /** All edits of `document` so far are durable once the journal's `durableTicket` has reached this; 0 = no edits. */
  ticketOf(document: Document): Ticket {
    return this.#tickets.get(document) ?? 0
  }

  async onLoadDocument({ document, documentName }: onLoadDocumentPayload): Promise<void> {
    const { journal, beforeReplay } = this.#options
    const { start, records } = await this.#read(documentName)
    const updates = records.flatMap((record) => record.updates)
    const origins = records.flatMap((record) => record.origins)
    await beforeReplay?.(documentName, { ...(start && { state: start.state }), updates, origins })
    document.transact(() => {
      if (start) applyUpdate(document, start.state, replayOrigin)
      for (const update of updates) applyUpdate(document, update, replayOrigin)
    }, replayOrigin)
    document.on('update', (update: Uint8Array, origin: unknown) => {
      if (isRelayed(origin)) return
      this.#tickets.set(document, journal.append(documentName, update, this.#originOf(origin)))
    })
  }

  /** From the origin of a transaction: a connection, a direct connection's context, or code of the server. */
  #originOf(transactionOrigin: unknown): EditOrigin {
    if (typeof transactionOrigin !== 'object' || transactionOrigin === null) return unknownOrigin
    const { connection } = transactionOrigin as { readonly connection?: Contextual }
    const user = this.#userOf(connection ?? transactionOrigin)
    const opId = opIdOf(transactionOrigin)
    return opId === undefined ? user : { ...user, opId }
  }

  #userOf(holder: Contextual): EditOrigin {
    let origin = this.#origins.get(holder)
    if (!origin) {
      const identity = (this.#options.identityOf ?? userOfContext)(holder.context)
      origin = identity ? Object.freeze({ userId: identity.userId }) : unknownOrigin
      this.#origins.set(holder, origin)
    }
    return origin
  }

  /** A snapshot that is committed between the two reads takes its part of the journal with it: then both are repeated. */
  async #read(
    documentName: string,
  ): Promise<{ start: ReplayBase | undefined; records: readonly JournalRecord[] }> {
    const { journal, base } = this.#options
    for (let attempt = 1; ; attempt++) {
      const start = await base?.(documentName)
      try {
        return { start, records: await journal.read(documentName, start?.position) }
      } catch (error) {
        if (!isTrimmed(error) || attempt === maxReadAttempts) throw error
      }
    }
  }

  /** Holds the document in memory until all of it is durable. */
  async beforeUnloadDocument({ document }: beforeUnloadDocumentPayload): Promise<void> {
    await this.#options.journal.whenDurable(this.ticketOf(document))
  }
}

const isTrimmed = (error: unknown): boolean =>
  error instanceof CodraftError && error.errorCode === 'CODRAFT_JOURNAL_TRIMMED'
