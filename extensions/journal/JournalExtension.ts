import type {
  beforeUnloadDocumentPayload,
  Document,
  Extension,
  onLoadDocumentPayload,
} from '@hocuspocus/server'
import { applyUpdate } from 'yjs'
import { outsideTraces, startActive, type TracedSpan } from '../tracing/index.ts'
import { isRelayed, opIdOf } from '../transaction-origin.ts'
import type { EditOrigin, Position, Ticket } from './Journal.ts'
import { unknownOrigin } from './record.ts'
import { readStoredDocument, type DocumentStores, type StoredDocument } from './stored-document.ts'

export interface JournalExtensionOptions extends DocumentStores {
  /** Called with what was read, before it is applied; the load goes on when the promise resolves. */
  readonly beforeReplay?: (documentName: string, stored: StoredDocument) => Promise<void>
  /** Called when the document holds everything up to `position`, before it is open for edits. */
  readonly onReplayed?: (document: Document, position: Position) => void
  /**
   * The user of a Hocuspocus context; who made an edit is kept beside it.
   *
   * @default the `user.id` of the context, where the Auth extension puts it
   */
  readonly identityOf?: (context: unknown) => { readonly userId: string } | undefined
  /**
   * Whether edits are traced: each has a span until it is durable, and the journal keeps its `traceparent` when its
   * trace is sampled.
   *
   * @default false
   */
  readonly isTraced?: boolean
}

interface Contextual {
  readonly context?: unknown
}

const userOfContext = (context: unknown): { userId: string } | undefined => {
  const id = (context as { user?: { id?: unknown } } | null | undefined)?.user?.id
  return typeof id === 'string' ? { userId: id } : undefined
}

/** Edits of the server belong to the request that makes them; those of clients begin traces. */
const spanOf = (
  documentName: string,
  update: Uint8Array,
  { userId }: EditOrigin,
  transactionOrigin: unknown,
): TracedSpan => {
  const attributes = {
    'codraft.document': documentName,
    'codraft.update.bytes': update.length,
    ...(userId !== undefined && { 'user.id': userId }),
  }
  return hasConnection(transactionOrigin)
    ? outsideTraces(() => startActive('edit', { kind: 'server', attributes }))
    : startActive('edit', { kind: 'internal', attributes })
}

const hasConnection = (origin: unknown): boolean =>
  typeof origin === 'object' && origin !== null && 'connection' in origin

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
  readonly #isTraced: boolean
  readonly #tickets = new WeakMap<Document, Ticket>()
  /** One for each connection, so that an edit makes no object. */
  readonly #origins = new WeakMap<Contextual, EditOrigin>()

  constructor(options: JournalExtensionOptions) {
    this.#options = options
    this.#isTraced = options.isTraced ?? false
  }

  /** All edits of `document` so far are durable once the journal's `durableTicket` has reached this; 0 = no edits. */
  ticketOf(document: Document): Ticket {
    return this.#tickets.get(document) ?? 0
  }

  async onLoadDocument({ document, documentName }: onLoadDocumentPayload): Promise<void> {
    const { journal, beforeReplay } = this.#options
    const stored = await readStoredDocument(this.#options, documentName)
    await beforeReplay?.(documentName, stored)
    document.transact(() => {
      if (stored.state) applyUpdate(document, stored.state, replayOrigin)
      for (const update of stored.updates) applyUpdate(document, update, replayOrigin)
    }, replayOrigin)
    this.#options.onReplayed?.(document, stored.position)
    document.on('update', (update: Uint8Array, origin: unknown) => {
      if (isRelayed(origin)) return
      const ticket = this.#isTraced
        ? this.#appendTraced(documentName, update, origin)
        : journal.append(documentName, update, this.#originOf(origin))
      this.#tickets.set(document, ticket)
    })
  }

  #appendTraced(documentName: string, update: Uint8Array, transactionOrigin: unknown): Ticket {
    const { journal } = this.#options
    const origin = this.#originOf(transactionOrigin)
    const span = spanOf(documentName, update, origin, transactionOrigin)
    const traceparent = span.isRecording ? span.traceparent : undefined
    if (traceparent === undefined) return journal.append(documentName, update, origin)
    const ticket = journal.append(documentName, update, { ...origin, traceparent })
    void journal.whenDurable(ticket).then(() => span.end())
    return ticket
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

  /** Holds the document in memory until all of it is durable. */
  async beforeUnloadDocument({ document }: beforeUnloadDocumentPayload): Promise<void> {
    await this.#options.journal.whenDurable(this.ticketOf(document))
  }
}
