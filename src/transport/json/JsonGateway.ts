import type { Connection, Document } from '@hocuspocus/server'
import { CodraftError } from '../../../extensions/errors.ts'
import type { EditOrigin } from '../../../extensions/journal/index.ts'
import { AppliedEdits } from '../../ot/AppliedEdits.ts'
import type { TransportServices } from '../services.ts'
import type { JsonClient } from './JsonClient.ts'
import { JsonDocument } from './JsonDocument.ts'
import type { JsonSocket } from './JsonSocket.ts'
import type { JoinMessage } from './messages.ts'

/** The documents that JSON clients have open. */
export class JsonGateway {
  readonly #isDurable: (ticket: number) => boolean
  readonly #documents = new Map<Document, JsonDocument>()
  /** Edits of JSON clients that each loaded document holds. */
  readonly #applied = new Map<string, AppliedEdits>()

  constructor(isDurable: (ticket: number) => boolean) {
    this.#isDurable = isDurable
  }

  /** Takes note of the edits that a document is made of. */
  loading(documentName: string, edits: readonly EditOrigin[]): void {
    this.#applied.delete(documentName)
    this.relayed(documentName, edits)
  }

  /** Takes note of edits that another instance has applied. */
  relayed(documentName: string, edits: readonly EditOrigin[]): void {
    for (const { userId, opId } of edits) {
      if (userId !== undefined && opId !== undefined) this.#appliedTo(documentName).add(userId, opId)
    }
  }

  open(
    socket: JsonSocket,
    connection: Connection,
    join: JoinMessage,
    services: TransportServices,
  ): JsonClient {
    const identity = services.identityOf(connection.context)
    if (!identity) throw new CodraftError('CODRAFT_TOKEN_INVALID')
    return this.#document(connection.document, services).join(socket, connection, join, identity)
  }

  /** The document is no longer in memory. */
  unloaded(document: Document): void {
    this.#close(document)
    this.#applied.delete(document.name)
  }

  tellAll(message: object): void {
    const text = JSON.stringify(message)
    for (const document of this.#documents.values()) document.tellAll(text)
  }

  sweep(now: number): void {
    for (const document of this.#documents.values()) document.sweep(now)
  }

  #document(document: Document, services: TransportServices): JsonDocument {
    const open = this.#documents.get(document)
    if (open) return open
    const { name } = document
    const opened = new JsonDocument({
      document,
      services,
      applied: this.#appliedTo(name),
      isDurable: this.#isDurable,
      onIdle: () => this.#close(document),
    })
    this.#documents.set(document, opened)
    return opened
  }

  #appliedTo(documentName: string): AppliedEdits {
    const known = this.#applied.get(documentName)
    if (known) return known
    const applied = new AppliedEdits()
    this.#applied.set(documentName, applied)
    return applied
  }

  #close(document: Document): void {
    this.#documents.get(document)?.close()
    this.#documents.delete(document)
  }
}
