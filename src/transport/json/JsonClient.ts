import type { Connection } from '@hocuspocus/server'
import type { Role } from '../../../extensions/auth/index.ts'
import { CodraftError } from '../../../extensions/errors.ts'
import type { Outgoing } from '../../ot/OpSession.ts'
import type { Participant } from '../../ot/Participant.ts'
import type { TransportServices } from '../services.ts'
import type { JsonDocument } from './JsonDocument.ts'
import type { JsonField } from './JsonField.ts'
import type { JsonSocket } from './JsonSocket.ts'
import { protocolVersions, type CursorMessage, type EditMessage } from './messages.ts'

export interface JsonClientOptions {
  readonly socket: JsonSocket
  readonly connection: Connection
  readonly document: JsonDocument
  readonly field: JsonField
  readonly participant: Participant
  readonly services: TransportServices
  /** The client in the awareness of the document that stands for this one. */
  readonly clientId: number
}

/** A JSON client in a document: hands its edits in, and hands out the versions that it lacks as fast as it reads. */
export class JsonClient {
  readonly clientId: number
  readonly participant: Participant
  readonly #options: JsonClientOptions
  /** Clients whose cursor has moved since this one was told. */
  readonly #moved = new Set<number>()
  #awaits: number | undefined
  #isClosed = false

  constructor(options: JsonClientOptions) {
    this.#options = options
    this.clientId = options.clientId
    this.participant = options.participant
  }

  get field(): JsonField {
    return this.#options.field
  }

  get socket(): JsonSocket {
    return this.#options.socket
  }

  edit({ id, version, ops, ...rest }: EditMessage): void {
    const { connection, services, participant } = this.#options
    if (connection.readOnly) throw new CodraftError('CODRAFT_READ_ONLY')
    if (!services.canAcceptEdits()) throw new CodraftError('CODRAFT_JOURNAL_UNAVAILABLE')
    if (connection.document.isDestroyed) throw new CodraftError('CODRAFT_DOCUMENT_UNAVAILABLE')
    const opId = id ?? crypto.randomUUID()
    const origin = { source: 'connection', connection, opId }
    try {
      const repeated = participant.submit({ id: opId, version, ops: ops ?? [rest], origin })
      if (repeated) this.#send(repeated)
    } finally {
      // Also when the version was unknown: the content follows.
      this.pump()
    }
  }

  moveCursor({ position, anchor, version }: CursorMessage): void {
    const { document, field, participant } = this.#options
    const head = position === null ? undefined : participant.locate(position, version)
    const start = anchor === undefined ? head : participant.locate(anchor, version)
    const cursor =
      head === undefined || start === undefined
        ? null
        : { anchor: field.source.toRelative(start), head: field.source.toRelative(head) }
    document.presence.setCursor(this.clientId, cursor)
  }

  /** Sends all that may be sent. */
  pump(): void {
    const { participant, socket } = this.#options
    while (!this.#isClosed && !socket.isBackedUp) {
      const next = participant.next()
      if (!next) break
      this.#send(next)
    }
    this.#awaitDurable(participant.awaitedTicket)
    if (this.#moved.size > 0 && participant.isUpToDate && !socket.isBackedUp) this.#sendCursors()
  }

  cursorMoved(clientId: number): void {
    this.#moved.add(clientId)
  }

  tellRole(): void {
    this.#options.socket.tell({ type: 'role', role: this.#role })
  }

  close(): void {
    this.#isClosed = true
    this.#options.document.leave(this)
  }

  get #role(): Role {
    return (this.#options.connection.context as { role?: Role }).role ?? 'editor'
  }

  #awaitDurable(ticket: number | undefined): void {
    if (ticket === undefined || this.#awaits === ticket) return
    this.#awaits = ticket
    this.#options.services.ackGate.hold(ticket, () => {
      this.#awaits = undefined
      this.pump()
    })
  }

  #send(message: Outgoing): void {
    const { socket, field, connection, document } = this.#options
    switch (message.type) {
      case 'ack':
        socket.tell({ ...message, serverOpId: `${field.epoch}:${message.version}` })
        return
      case 'remote_edit':
        socket.sendText(field.textOf(message))
        return
      case 'resumed':
      case 'content': {
        const { version, applied } = message
        const content = message.type === 'content' ? { content: message.content } : {}
        if (message.type === 'content' && !message.isFirst) {
          socket.sendText(JSON.stringify({ type: 'resync', version, ...content, applied }))
          return
        }
        socket.sendText(
          JSON.stringify({
            type: 'joined',
            documentId: connection.document.name,
            protocol: protocolVersions.at(-1),
            role: this.#role,
            userId: this.participant.userId,
            kind: field.kind,
            epoch: field.epoch,
            version,
            ...content,
            applied,
          }),
        )
        document.presence.introduce(this)
      }
    }
  }

  #sendCursors(): void {
    const { socket, document, field, participant } = this.#options
    for (const clientId of this.#moved) {
      const cursor = document.presence.cursorOf(clientId)
      if (!cursor) continue
      const place = (relative: unknown): number | undefined => {
        const index = field.source.toIndex(relative)
        return index === undefined ? undefined : participant.fromCodeUnits(index)
      }
      const position = place(cursor.head) ?? null
      const anchor = position === null ? undefined : place(cursor.anchor)
      socket.tell({
        type: 'remote_cursor',
        userId: cursor.userId,
        clientId,
        position,
        ...(anchor !== undefined && { anchor }),
        timestamp: Date.now(),
      })
    }
    this.#moved.clear()
  }
}
