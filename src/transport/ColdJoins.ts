import type { StoredDocument } from '../../extensions/journal/index.ts'
import type { OpeningDocument } from './OpeningDocument.ts'
import { step2Message, updateMessage, type Message } from './wire.ts'

/** How long the stored bytes may stand in for a document that nobody edits. */
const maxDelayMs = 100

/** A longer journal is cheaper to apply once than to send update by update. */
const maxUpdates = 2_000

interface ColdDocument {
  readonly messages: Message[]
  readonly hydrate: () => void
}

/**
 * Serves clients that open a document nobody has in memory straight from its stored bytes. Building the document
 * takes much longer than sending it, so it begins when the first client edits, or shortly after the last one joined.
 * Until then the document is still loading for Hocuspocus and its extensions: nobody sees a half of it.
 */
export class ColdJoins {
  readonly #opening = new Map<string, Set<OpeningDocument>>()
  readonly #cold = new Map<string, ColdDocument>()

  /** Registers a client that waits for a document; returns how to end that. */
  add(opening: OpeningDocument): () => void {
    const { documentName } = opening
    const waiting = this.#opening.get(documentName) ?? new Set()
    this.#opening.set(documentName, waiting.add(opening))
    return () => {
      waiting.delete(opening)
      if (waiting.size === 0 && this.#opening.get(documentName) === waiting)
        this.#opening.delete(documentName)
    }
  }

  /** Something has happened to a client that waits. */
  changed(opening: OpeningDocument): void {
    const cold = this.#cold.get(opening.documentName)
    if (cold) serve(opening, cold)
  }

  /** Resolves when the document is to be built from what was read. */
  async serve(documentName: string, { state, updates }: StoredDocument): Promise<void> {
    const waiting = this.#opening.get(documentName)
    if (!waiting || !state || updates.length > maxUpdates) return
    const { promise, resolve: hydrate } = Promise.withResolvers<void>()
    const cold: ColdDocument = { messages: messagesOf([state, ...updates]), hydrate }
    this.#cold.set(documentName, cold)
    const timer = setTimeout(hydrate, maxDelayMs)
    for (const opening of waiting) serve(opening, cold)
    await promise
    clearTimeout(timer)
    this.#cold.delete(documentName)
  }
}

/** A client takes itself for synchronised at step 2: that is the last part, so that it has all of them by then. */
const messagesOf = (parts: readonly Uint8Array[]): Message[] =>
  parts.map((part, index) => (index === parts.length - 1 ? step2Message(part) : updateMessage(part)))

const serve = (opening: OpeningDocument, { messages, hydrate }: ColdDocument): void => {
  if (opening.wantsState) opening.sendState(messages)
  if (opening.hasEdits) hydrate()
}
