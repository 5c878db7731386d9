import type { Duplex } from 'node:stream'
import type { Connection, Hocuspocus, WebSocketLike } from '@hocuspocus/server'
import type { WebSocket } from 'ws'
import { CodraftError, errorCatalogue, type ErrorCode } from '../../extensions/errors.ts'
import type { Channel } from './Channel.ts'
import { emptyAwarenessUpdate } from './awareness.ts'
import { socketIdOf } from './hocuspocus-internals.ts'
import type { OpeningDocument } from './OpeningDocument.ts'
import { readHocuspocusMessage } from './protocols/hocuspocus.ts'
import type { Incoming, Protocol } from './protocols/Protocol.ts'
import { PacedReader } from './PacedReader.ts'
import type { TransportServices } from './services.ts'
import { AuthStep, awarenessMessage, frame, frameMessages, MessageReader, MessageType } from './wire.ts'

type ClientConnection = ReturnType<Hocuspocus['handleConnection']>

export interface SocketOptions {
  readonly ws: WebSocket
  /** The TCP connection under `ws`; frames are written to it directly. */
  readonly stream: Duplex
  readonly protocol: Protocol
  readonly request: Request
  /** Address of the peer; hooks find it as `address` in their context. */
  readonly address: string
  readonly services: TransportServices
  readonly owner: SocketOwner
}

/** What a socket needs of the transport that it belongs to. */
export interface SocketOwner {
  /** Called when a document begins to open; returns what holds its messages until it is open. */
  openDocument(socket: Socket, address: string): OpeningDocument
  socketClosed(socket: Socket, code: number): void
}

/** Close code of what is unavailable for the moment. */
const retryLater = errorCatalogue.CODRAFT_DOCUMENT_UNAVAILABLE.closeCode

/** A line in the log names no more of the documents that a connection has open. */
const maxNamedDocuments = 5

/** Larger frames are written one by one instead of being copied together. */
const maxJoinedBytes = 64 * 1024

/**
 * A client's WebSocket as Hocuspocus sees it, and all that is about the socket rather than a document: one write
 * for all frames of a turn, reading no faster than the client reads and the rate limit allows, closing with a code.
 */
export class Socket implements WebSocketLike {
  readonly protocol: Protocol
  readonly openedAt = performance.now()
  lastReceivedAt = this.openedAt
  lastSentAt = this.openedAt
  /** Set when the first document has been authenticated. */
  isAuthenticated = false
  /** The user that this connection counts for. */
  userId: string | undefined
  readonly #ws: WebSocket
  readonly #stream: Duplex
  readonly #services: TransportServices
  readonly #owner: SocketOwner
  readonly #hocuspocusSide: ClientConnection
  readonly #channels = new Map<string, Channel>()
  /** Of a connection that idles, neither of the two is needed. */
  #opening: Map<string, OpeningDocument> | undefined
  #behind: Set<Channel> | undefined
  #behindSince: number | undefined
  #queue: Buffer[] = []
  #pauses = 0
  #waitsForDrain = false
  #hasReturned = false
  readonly #reader: PacedReader

  constructor(options: SocketOptions) {
    this.#owner = options.owner
    this.#ws = options.ws
    this.#stream = options.stream
    this.protocol = options.protocol
    this.#services = options.services
    this.#reader = new PacedReader(this, options.services.settings.maxMessagesPerSecond, this.openedAt)
    this.#hocuspocusSide = options.services.hocuspocus.handleConnection(this, options.request, {
      address: options.address,
    })
    // One shared sweep takes the place of a timer for each connection.
    clearInterval(this.#hocuspocusSide.pingInterval)
    this.#ws.on('message', (data: Buffer, isBinary: boolean) => this.#received(data, isBinary))
    this.#ws.on('pong', () => {
      this.lastReceivedAt = performance.now()
    })
    this.#ws.on('error', () => this.#ws.terminate())
    this.#ws.on('close', (code: number, reason: Buffer) => this.#closed(code, reason.toString()))
    this.#stream.on('drain', () => this.#drained())
  }

  get readyState(): number {
    return this.#ws.readyState
  }

  /** Past this point the client gets one difference later instead of each change. */
  get isBackedUp(): boolean {
    return this.unsentBytes > this.#services.settings.slowReaderBytes
  }

  /** Written and not yet taken by the kernel. */
  get unsentBytes(): number {
    return this.#stream.writableLength
  }

  /** When the client stopped reading; undefined while it reads. */
  get behindSince(): number | undefined {
    return this.#behindSince
  }

  get documents(): number {
    return this.#channels.size + (this.#opening?.size ?? 0)
  }

  /** Messages of Hocuspocus and of extensions. */
  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (!ArrayBuffer.isView(data)) throw new TypeError('Hocuspocus sends views of bytes only')
    const message = readHocuspocusMessage(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    if (message.type === MessageType.syncStatus && message.data[message.offset] === 1) {
      this.#channels.get(message.address)?.acknowledge()
      return
    }
    const translated = this.protocol.fromHocuspocus(message)
    if (translated) this.queue(frame(translated))
    if (message.type === MessageType.auth) this.#authAnswered(message)
    if (message.type === MessageType.close) this.#documentClosed(message)
  }

  /** Frames that leave with everything else of this turn. */
  queue(frames: Buffer): void {
    if (this.#queue.length === 0) this.#services.scheduler.queue(this)
    this.#queue.push(frames)
  }

  /** Frames that leave now, or behind those that wait. */
  write(frames: Buffer): void {
    if (this.#queue.length > 0) this.#queue.push(frames)
    else this.#writeNow(frames)
  }

  flushQueue(): void {
    const queue = this.#queue
    this.#queue = []
    const [first] = queue
    if (!first) return
    const size = queue.reduce((sum, frames) => sum + frames.length, 0)
    if (queue.length === 1 || size <= maxJoinedBytes)
      this.#writeNow(queue.length === 1 ? first : Buffer.concat(queue, size))
    else for (const frames of queue) this.#writeNow(frames)
    if (this.isBackedUp) this.#stopReadingUntilDrained()
  }

  close(code = 1000, reason = ''): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return
    this.flushQueue()
    this.#ws.close(code, reason)
  }

  /** A client has shown that it knows a document from before this connection. */
  returned(): void {
    if (this.#hasReturned) return
    this.#hasReturned = true
    this.#services.metrics.reconnected()
  }

  /** Closes with the code of `error`, and counts it. */
  fail(error: unknown): void {
    const coded = error instanceof CodraftError ? error : malformed(error)
    this.#services.metrics.rejected(coded.errorCode)
    const about = {
      connection: socketIdOf(this.#hocuspocusSide),
      userId: this.userId,
      documents: [...this.#channels.values()]
        .slice(0, maxNamedDocuments)
        .map(({ documentName }) => documentName),
    }
    this.#services.logger.info({ reason: coded.reason, ...about }, 'connection closed')
    this.close(coded.code, coded.reason)
    // The peer may never answer the closing handshake.
    setTimeout(() => this.#ws.terminate(), 2_000).unref()
  }

  terminate(): void {
    this.#ws.terminate()
  }

  pauseReading(): void {
    this.#pauses += 1
    this.#ws.pause()
  }

  resumeReading(): void {
    this.#pauses -= 1
    if (this.#pauses === 0) this.#ws.resume()
  }

  /** Calls `channel.catchUp` when the client has read what was sent. */
  notifyWhenDrained(channel: Channel): void {
    this.#behind ??= new Set()
    this.#behind.add(channel)
    this.#behindSince ??= performance.now()
  }

  passOn(incoming: Incoming): void {
    this.#hocuspocusSide.handleMessage(this.protocol.toHocuspocus(incoming))
  }

  /** A document has been opened: its messages go to `channel` from now on, those that waited first. */
  opened(connection: Connection, channel: Channel): void {
    const address = connection.messageAddress
    this.#channels.set(address, channel)
    const opening = this.#takeOpening(address)
    for (const incoming of opening?.release() ?? [])
      this.#withinBudget(() => opening?.deliver(incoming, channel))
  }

  /** The connection of this document has been closed; the socket may have others. */
  channelClosed(address: string): void {
    this.#channels.delete(address)
  }

  /** Asks the peer for a sign of life. */
  ping(): void {
    this.#ws.ping()
  }

  /** Lets clients that reconnect after a silence hear something. */
  keepAlive(): void {
    this.lastSentAt = performance.now()
    for (const { address } of this.#channels.values()) {
      this.queue(frameMessages(address.prefix, [awarenessMessage(emptyAwarenessUpdate)]))
    }
  }

  /** Starts the only document of a protocol that has no message for it. */
  authenticate(message: Buffer): void {
    this.#guarded(() => this.#open(readHocuspocusMessage(message), message))
  }

  #received(data: Buffer, isBinary: boolean): void {
    this.lastReceivedAt = performance.now()
    if (!isBinary)
      this.fail(new CodraftError('CODRAFT_MESSAGE_MALFORMED', 'text messages are not of this protocol'))
    else this.#withinBudget(() => this.#route(this.protocol.read(data)))
  }

  #withinBudget(handle: () => void): void {
    this.#reader.handle(() => this.#guarded(handle))
  }

  #route(incoming: Incoming): void {
    this.#services.metrics.messageIn()
    const channel = this.#channels.get(incoming.address)
    if (channel) channel.receive(incoming)
    else if (incoming.type === MessageType.auth) this.#open(incoming, this.protocol.toHocuspocus(incoming))
    else this.#openingDocument(incoming.address).hold(incoming)
  }

  #open({ address }: Incoming, message: Buffer): void {
    this.#openingDocument(address)
    this.#hocuspocusSide.handleMessage(message)
  }

  #openingDocument(address: string): OpeningDocument {
    this.#opening ??= new Map()
    let opening = this.#opening.get(address)
    if (!opening) {
      if (this.documents >= this.#services.settings.maxDocumentsPerConnection) {
        throw new CodraftError('CODRAFT_TOO_MANY_DOCUMENTS')
      }
      opening = this.#owner.openDocument(this, address)
      this.#opening.set(address, opening)
    }
    return opening
  }

  #takeOpening(address: string): OpeningDocument | undefined {
    const opening = this.#opening?.get(address)
    this.#opening?.delete(address)
    if (this.#opening?.size === 0) this.#opening = undefined
    return opening
  }

  /** Runs what handles a client's message: whatever it throws closes this connection and no other. */
  #guarded(handle: () => void): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return
    try {
      handle()
    } catch (error) {
      this.fail(error)
    }
  }

  #authAnswered({ address, data, offset }: Incoming): void {
    const reader = new MessageReader(data, offset)
    const step = reader.varUint()
    if (step === AuthStep.authenticated) {
      if (!this.isAuthenticated) this.#services.metrics.authenticated()
      this.isAuthenticated = true
      this.#opening?.get(address)?.authenticated()
    } else if (step === AuthStep.denied) {
      const reason = reader.string()
      this.#services.metrics.rejected(codeOf(reason) ?? 'denied')
      this.#takeOpening(address)?.drop()
      // A store that is away for a moment is no refusal: the client tries again when its socket closes.
      const isOnlyDocument = this.protocol.documentName !== undefined
      const closeCode = closeCodeOf(reason)
      if (isOnlyDocument || closeCode === retryLater) this.close(closeCode, reason)
    }
  }

  #documentClosed({ data, offset }: Incoming): void {
    const reason = new MessageReader(data, offset).string()
    const closeCode = closeCodeOf(reason)
    // As a refusal: see above.
    const isOnlyDocument = this.protocol.documentName !== undefined
    if (isOnlyDocument || closeCode === retryLater) this.close(closeCode, reason)
  }

  #writeNow(frames: Buffer): void {
    if (!this.#stream.writable || this.#ws.readyState !== this.#ws.OPEN) return
    this.lastSentAt = performance.now()
    this.#stream.write(frames)
  }

  /** A client that asks without reading the answers would fill the memory: it is not heard until it has read. */
  #stopReadingUntilDrained(): void {
    if (this.#waitsForDrain) return
    this.#waitsForDrain = true
    this.#behindSince ??= performance.now()
    this.pauseReading()
  }

  #drained(): void {
    this.#behindSince = undefined
    if (this.#waitsForDrain) {
      this.#waitsForDrain = false
      this.resumeReading()
    }
    const behind = this.#behind
    this.#behind = undefined
    for (const channel of behind ?? []) channel.catchUp()
  }

  #closed(code: number, reason: string): void {
    for (const opening of this.#opening?.values() ?? []) opening.drop()
    this.#opening = undefined
    this.#behind = undefined
    this.#hocuspocusSide.handleClose({ code, reason })
    this.#owner.socketClosed(this, code)
  }
}

const codeOf = (reason: string): ErrorCode | undefined => {
  const [code] = reason.split(':')
  return code !== undefined && code in errorCatalogue ? (code as ErrorCode) : undefined
}

const closeCodeOf = (reason: string): number => {
  const code = codeOf(reason)
  return code ? errorCatalogue[code].closeCode : 4403
}

const malformed = (cause: unknown): CodraftError =>
  cause instanceof RangeError
    ? new CodraftError('CODRAFT_MESSAGE_MALFORMED', cause.message, { cause })
    : new CodraftError('CODRAFT_INTERNAL', '', { cause })
