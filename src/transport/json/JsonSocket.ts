import type { Connection, Hocuspocus, WebSocketLike } from '@hocuspocus/server'
import { CodraftError, errorCatalogue, type ErrorCode } from '../../../extensions/errors.ts'
import { assertDocumentName } from '../../documents/document-name.ts'
import { socketIdOf } from '../hocuspocus-internals.ts'
import { readHocuspocusMessage } from '../protocols/hocuspocus.ts'
import { authMessage } from '../protocols/y-websocket.ts'
import { PacedReader } from '../PacedReader.ts'
import type { ServedSocket } from '../ServedSocket.ts'
import type { TransportServices } from '../services.ts'
import { AuthStep, MessageReader, MessageType } from '../wire.ts'
import type { JsonClient } from './JsonClient.ts'
import {
  protocolVersions,
  readMessage,
  type ClientMessage,
  type JoinMessage,
  type ServerMessage,
} from './messages.ts'
import type { Wire } from './Wire.ts'

export interface JsonSocketOptions {
  readonly wire: Wire
  readonly request: Request
  /** Token of the URL or the Authorization header, for clients that join without one. */
  readonly token: string
  readonly services: TransportServices
  /** The document is open for this socket. */
  readonly open: (socket: JsonSocket, connection: Connection, join: JoinMessage) => JsonClient
  readonly onClosed: (socket: JsonSocket, code: number) => void
}

interface OpenDocument {
  readonly connection: Connection
  readonly client: JsonClient
}

/**
 * A client of the JSON protocol. For Hocuspocus it is a WebSocket whose client sends nothing but its token, so that
 * authentication, roles, hooks and the lifetime of documents are those of every other client.
 */
export class JsonSocket implements WebSocketLike, ServedSocket {
  readonly openedAt = performance.now()
  lastReceivedAt = this.openedAt
  lastSentAt = this.openedAt
  isAuthenticated = false
  userId: string | undefined
  behindSince: number | undefined
  readonly #options: JsonSocketOptions
  readonly #wire: Wire
  readonly #services: TransportServices
  readonly #hocuspocusSide: ReturnType<Hocuspocus['handleConnection']>
  readonly #reader: PacedReader
  /** The document that was asked for last, and its name for Hocuspocus. */
  #joining: { readonly message: JoinMessage; readonly address: string } | undefined
  #document: OpenDocument | undefined
  #joins = 0
  #pauses = 0
  #waitsForDrain = false

  constructor(options: JsonSocketOptions) {
    const { wire, services, request } = options
    this.#options = options
    this.#wire = wire
    this.#services = services
    this.#reader = new PacedReader(this, services.settings.maxMessagesPerSecond, this.openedAt)
    this.#hocuspocusSide = services.hocuspocus.handleConnection(this, request)
    clearInterval(this.#hocuspocusSide.pingInterval)
    wire.listen({
      message: (text) => this.#received(text),
      binary: () => {
        this.lastReceivedAt = performance.now()
        this.#refuse(
          new CodraftError('CODRAFT_MESSAGE_MALFORMED', 'binary messages are not of this protocol'),
        )
      },
      alive: () => {
        this.lastReceivedAt = performance.now()
      },
      drained: () => {
        this.behindSince = undefined
        if (this.#waitsForDrain) this.resumeReading()
        this.#waitsForDrain = false
        this.#document?.client.pump()
      },
      closed: (code, reason) => {
        this.#hocuspocusSide.handleClose({ code, reason })
        options.onClosed(this, code)
      },
    })
  }

  get readyState(): number {
    return this.#wire.isOpen ? 1 : 3
  }

  get unsentBytes(): number {
    return this.#wire.unsentBytes
  }

  /** Past this point nothing more is sent until the client has read. */
  get isBackedUp(): boolean {
    if (this.#wire.unsentBytes <= this.#services.settings.slowReaderBytes) return false
    this.behindSince ??= performance.now()
    return true
  }

  /** Messages of Hocuspocus and of extensions. */
  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (!ArrayBuffer.isView(data)) throw new TypeError('Hocuspocus sends views of bytes only')
    const {
      type,
      address,
      data: bytes,
      offset,
    } = readHocuspocusMessage(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    if (address !== this.#joining?.address) return
    const reader = new MessageReader(bytes, offset)
    if (type === MessageType.auth) this.#authAnswered(reader)
    else if (type === MessageType.stateless) this.tell({ type: 'stateless', payload: reader.string() })
    else if (type === MessageType.close) this.#documentClosed(reader.string())
  }

  tell(message: ServerMessage): void {
    this.sendText(JSON.stringify(message))
  }

  sendText(text: string): void {
    this.lastSentAt = performance.now()
    this.#services.metrics.messagesOut(1)
    this.#wire.send(text)
  }

  /** Hocuspocus has opened the document. */
  opened(connection: Connection): void {
    const joining = this.#joining
    if (!joining || connection.messageAddress !== joining.address) {
      connection.close()
      return
    }
    const { caughtUp } = this.#services
    // Whether its edits have been applied may have to be asked of the instance that it comes from.
    if (!caughtUp || !joining.message.pending?.length) this.#open(connection, joining.message)
    else {
      void caughtUp(connection.document).then(() => {
        if (this.#joining === joining) this.#open(connection, joining.message)
      })
    }
  }

  ping(): void {
    this.#wire.ping()
  }

  keepAlive(): void {
    this.tell({ type: 'pong' })
  }

  close(code = 1000, reason = ''): void {
    this.#wire.close(code, reason)
  }

  fail(error: unknown): void {
    const { code, reason } = this.#refuse(error)
    this.close(code, reason)
  }

  terminate(): void {
    this.#wire.terminate()
  }

  pauseReading(): void {
    this.#pauses += 1
    this.#wire.pause()
  }

  resumeReading(): void {
    this.#pauses -= 1
    if (this.#pauses === 0) this.#wire.resume()
  }

  #open(connection: Connection, message: JoinMessage): void {
    try {
      const client = this.#options.open(this, connection, message)
      this.#document = { connection, client }
      connection.onClose(() => client.close())
      client.pump()
    } catch (error) {
      this.#refuse(error)
      this.#leave()
    }
  }

  #received(text: string): void {
    this.lastReceivedAt = performance.now()
    this.#reader.handle(() => this.#read(text))
  }

  #read(text: string): void {
    this.#services.metrics.messageIn()
    // A client that asks without reading the answers would fill the memory.
    if (this.isBackedUp && !this.#waitsForDrain) {
      this.#waitsForDrain = true
      this.pauseReading()
    }
    if (text.length > this.#services.settings.updateLimits.maxBytes) {
      this.#refuse(new CodraftError('CODRAFT_EDIT_TOO_LARGE'), idIn(text))
      return
    }
    const reading = readMessage(text)
    if ('error' in reading) {
      this.#refuse(reading.error, reading.opId)
      return
    }
    const { message } = reading
    try {
      this.#handle(message)
    } catch (error) {
      this.#refuse(error, message.type === 'edit' ? message.id : undefined)
    }
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case 'join_document':
        this.#join(message)
        return
      case 'edit':
        this.#opened().client.edit(message)
        return
      case 'cursor_move':
        this.#opened().client.moveCursor(message)
        return
      case 'leave_document':
        this.#leave()
        return
      case 'token':
        this.#hocuspocusSide.handleMessage(
          authMessage(this.#opened().connection.messageAddress, message.authToken),
        )
        return
      case 'ping':
        this.tell({ type: 'pong' })
    }
  }

  #opened(): OpenDocument {
    if (!this.#document) throw new CodraftError('CODRAFT_NOT_JOINED')
    return this.#document
  }

  #join(message: JoinMessage): void {
    const { protocol = 1, documentId, authToken } = message
    if (!protocolVersions.some((version) => version === protocol)) {
      throw new CodraftError('CODRAFT_PROTOCOL_UNSUPPORTED', `supported: ${protocolVersions.join(', ')}`)
    }
    assertDocumentName(documentId)
    this.#leave()
    // A number of its own, because the last visit may still be closing.
    const address = `${documentId}\0${(this.#joins += 1)}`
    this.#joining = { message, address }
    this.#hocuspocusSide.handleMessage(authMessage(address, authToken ?? this.#options.token))
  }

  #leave(): void {
    const document = this.#document
    this.#document = undefined
    this.#joining = undefined
    document?.connection.close()
  }

  #authAnswered(reader: MessageReader): void {
    const step = reader.varUint()
    if (step === AuthStep.token) {
      this.tell({ type: 'token_request' })
    } else if (step === AuthStep.denied) {
      const reason = reader.string()
      this.#joining = undefined
      this.#tellRefusal(reason)
    } else {
      if (!this.isAuthenticated) this.#services.metrics.authenticated()
      this.isAuthenticated = true
      this.#document?.client.tellRole()
    }
  }

  /** The server has closed the document: the role is gone, the token has expired, or the document was erased. */
  #documentClosed(reason: string): void {
    this.#document = undefined
    this.#joining = undefined
    this.#tellRefusal(reason)
    // As for other clients: what is away for a moment is tried again on a new connection.
    const code = codeIn(reason)
    this.close(code ? errorCatalogue[code].closeCode : 4403, reason)
  }

  #tellRefusal(reason: string): void {
    const code = codeIn(reason) ?? 'CODRAFT_DOCUMENT_FORBIDDEN'
    this.#services.metrics.rejected(code)
    this.tell({ type: 'error', code, message: reason })
  }

  #refuse(error: unknown, opId?: string): CodraftError {
    const coded =
      error instanceof CodraftError ? error : new CodraftError('CODRAFT_INTERNAL', '', { cause: error })
    this.#services.metrics.rejected(coded.errorCode)
    this.#services.logger[coded.status >= 500 ? 'error' : 'debug'](
      {
        err: coded,
        connection: socketIdOf(this.#hocuspocusSide),
        document: this.#document?.connection.document.name,
        userId: this.userId,
      },
      'a JSON message was refused',
    )
    this.tell({
      type: 'error',
      code: coded.errorCode,
      message: coded.message,
      ...(opId !== undefined && { opId }),
    })
    return coded
  }
}

const codeIn = (reason: string): ErrorCode | undefined => {
  const [code] = reason.split(':')
  return code !== undefined && code in errorCatalogue ? (code as ErrorCode) : undefined
}

/** The id of a message that is too large to be read. */
const idIn = (text: string): string | undefined => /^[^[]{0,200}?"id":"([^"\\]{1,128})"/.exec(text)?.[1]
