import type { Document, Hocuspocus } from '@hocuspocus/server'
import type { Doc } from 'yjs'
import { CodraftError } from '../../extensions/errors.ts'
import { applyUpdateWithin, checkUpdate, type GuardLimits } from '../../extensions/guard/index.ts'
import {
  readStoredDocument,
  type DocumentStores,
  type EditOrigin,
  type Ticket,
} from '../../extensions/journal/index.ts'
import type { AuthContext } from '../../extensions/auth/index.ts'
import { readStored } from './read-stored.ts'

export interface DocumentAccessOptions {
  readonly hocuspocus: () => Hocuspocus
  readonly stores: DocumentStores
  /** All edits of a document so far are durable once the journal has reached this. */
  readonly ticketOf: (document: Document) => Ticket
  /** Limits of one update. */
  readonly updateLimits: GuardLimits
  /** How long an edit waits until it is durable, ms. */
  readonly writeDeadlineMs: number
  /** False while so much is not durable yet that no further edit may be taken. */
  readonly canAcceptEdits: () => boolean
}

/** Who edits, as extensions and the journal see it. */
export interface Editor {
  readonly context: AuthContext
  /** Kept beside the edit in the journal, for clients that may repeat it. */
  readonly opId?: string
  /**
   * Asked right before the edit, again after what it returned has resolved, until it returns undefined: then the editor may
   * still edit. Rejects when not.
   */
  readonly confirm?: () => Promise<void> | undefined
}

/** Reads and edits documents on behalf of the server, whether or not anybody has them open. */
export class DocumentAccess {
  readonly #options: DocumentAccessOptions

  constructor(options: DocumentAccessOptions) {
    this.#options = options
  }

  /**
   * Calls `use` with the document as it is now: the live one when it is open here, else one made of what is stored,
   * which is not kept. `use` must not change it, nor keep it.
   *
   * @returns undefined when nothing was ever written to a document of this name
   */
  async read<Result>(documentName: string, use: (document: Doc) => Result): Promise<Result | undefined> {
    const live = this.#options.hocuspocus().documents.get(documentName)
    // Open and never written to: nobody can tell it from one that does not exist.
    if (live) return live.store.clients.size === 0 ? undefined : use(live)
    return readStored(this.#options.stores, documentName, use)
  }

  /** Whether anything was ever written to the document. */
  async hasContent(documentName: string): Promise<boolean> {
    const live = this.#options.hocuspocus().documents.get(documentName)
    if (live && live.store.clients.size > 0) return true
    const { state, updates } = await readStoredDocument(this.#options.stores, documentName)
    return state !== undefined || updates.length > 0
  }

  /**
   * Calls `change` with the live document and the origin of the edit, in one transaction, so that everybody who has it open sees the edit happen;
   * resolves when it is durable. Everything that can fail must be done before: Yjs rolls nothing back. What takes long is
   * done by `prepare`, while others edit.
   *
   * @throws {CodraftError} CODRAFT_JOURNAL_UNAVAILABLE when it is not durable within the deadline; it may become so
   *   later, so that the request may be repeated with the same idempotency key only
   */
  edit<Result>(
    documentName: string,
    editor: Editor,
    change: (document: Document, origin: object) => Result,
    prepare?: (document: Document) => Promise<void>,
  ): Promise<Result> {
    const work = (document: Document, origin: object): Result =>
      document.transact(() => change(document, origin), origin)
    return this.#withDocument(documentName, editor, work, prepare)
  }

  /**
   * Applies a Yjs update (V1) that the guard has checked; resolves when it is durable.
   *
   * @throws {CodraftError} CODRAFT_UPDATE_REJECTED, CODRAFT_UPDATE_GAP, or as {@link edit}
   */
  applyUpdate(documentName: string, editor: Editor, update: Uint8Array): Promise<void> {
    return this.#withDocument(documentName, editor, (document, origin) => {
      const verdict = checkUpdate(document, update, this.#options.updateLimits)
      if (!verdict.ok) {
        const code = verdict.action === 'resync' ? 'CODRAFT_UPDATE_GAP' : 'CODRAFT_UPDATE_REJECTED'
        throw new CodraftError(code, verdict.reason)
      }
      if (!applyUpdateWithin(document, update, origin))
        throw new CodraftError('CODRAFT_UPDATE_REJECTED', 'takes too long to apply')
    })
  }

  /** Whether an edit that was made under this id is durable; edits are remembered until the journal is trimmed. */
  async hasEdit(
    documentName: string,
    { userId, opId }: Required<Pick<EditOrigin, 'userId' | 'opId'>>,
  ): Promise<boolean> {
    const { origins } = await readStoredDocument(this.#options.stores, documentName)
    return origins.some((origin) => origin.opId === opId && origin.userId === userId)
  }

  async #withDocument<Result>(
    documentName: string,
    { context, opId, confirm }: Editor,
    work: (document: Document, origin: object) => Result,
    prepare?: (document: Document) => Promise<void>,
  ): Promise<Result> {
    const { hocuspocus, ticketOf, canAcceptEdits } = this.#options
    if (!canAcceptEdits()) throw new CodraftError('CODRAFT_JOURNAL_UNAVAILABLE')
    const connection = await hocuspocus().openDirectConnection(documentName, context)
    try {
      const document = connection.document as Document
      const origin = { source: 'local', context, ...(opId !== undefined && { opId }) }
      await prepare?.(document)
      if (document.isDestroyed) throw new CodraftError('CODRAFT_DOCUMENT_ERASED')
      // All that takes its time, and roles change meanwhile; from the last answer to the edit nothing can come between.
      for (let asked = confirm?.(); asked; asked = confirm?.()) await asked
      const result = work(document, origin)
      await this.#durable(ticketOf(document))
      // Dropped by the journal: whoever has erased it has closed it here, too.
      if (document.isDestroyed) throw new CodraftError('CODRAFT_DOCUMENT_ERASED')
      return result
    } finally {
      // Kept in memory for a moment: whoever edits once often edits again.
      await connection.disconnect({ unloadImmediately: false })
    }
  }

  async #durable(ticket: Ticket): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(
      () => reject(new CodraftError('CODRAFT_JOURNAL_UNAVAILABLE')),
      this.#options.writeDeadlineMs,
    )
    try {
      await Promise.race([this.#options.stores.journal.whenDurable(ticket), late])
    } finally {
      clearTimeout(timer)
    }
  }
}
