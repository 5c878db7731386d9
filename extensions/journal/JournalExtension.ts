import type {
  beforeUnloadDocumentPayload,
  Document,
  Extension,
  onLoadDocumentPayload,
} from '@hocuspocus/server'
import { applyUpdate } from 'yjs'
import { CodraftError } from '../errors.ts'
import { isRelayed } from '../transaction-origin.ts'
import type { Journal, ReplayBase, Ticket } from './Journal.ts'

/** A document as the stores hold it: apply `state`, then `updates` in their order. */
export interface StoredDocument {
  readonly state?: Uint8Array
  readonly updates: readonly Uint8Array[]
}

export interface JournalExtensionOptions {
  readonly journal: Journal
  /** Where the replay of a document starts. Default: at the beginning of its journal. */
  readonly base?: (documentName: string) => Promise<ReplayBase | undefined>
  /** Called with what was read, before it is applied; the load goes on when the promise resolves. */
  readonly beforeReplay?: (documentName: string, stored: StoredDocument) => Promise<void>
}

const maxReadAttempts = 5

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

  constructor(options: JournalExtensionOptions) {
    this.#options = options
  }

  /** All edits of `document` so far are durable once the journal's `durableTicket` has reached this; 0 = no edits. */
  ticketOf(document: Document): Ticket {
    return this.#tickets.get(document) ?? 0
  }

  async onLoadDocument({ document, documentName }: onLoadDocumentPayload): Promise<void> {
    const { journal, beforeReplay } = this.#options
    const { start, updates } = await this.#read(documentName)
    await beforeReplay?.(documentName, start ? { state: start.state, updates } : { updates })
    document.transact(() => {
      if (start) applyUpdate(document, start.state, replayOrigin)
      for (const update of updates) applyUpdate(document, update, replayOrigin)
    }, replayOrigin)
    document.on('update', (update: Uint8Array, origin: unknown) => {
      if (isRelayed(origin)) return
      this.#tickets.set(document, journal.append(documentName, update))
    })
  }

  /** A snapshot that is committed between the two reads takes its part of the journal with it: then both are repeated. */
  async #read(documentName: string): Promise<{ start: ReplayBase | undefined; updates: Uint8Array[] }> {
    const { journal, base } = this.#options
    for (let attempt = 1; ; attempt++) {
      const start = await base?.(documentName)
      try {
        const records = await journal.read(documentName, start?.position)
        return { start, updates: records.flatMap((record) => record.updates) }
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
