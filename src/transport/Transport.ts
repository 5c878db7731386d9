import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type {
  connectedPayload,
  Document,
  Extension,
  Hocuspocus,
  onLoadDocumentPayload,
} from '@hocuspocus/server'
import { WebSocketServer, type WebSocket } from 'ws'
import { CodraftError } from '../../extensions/errors.ts'
import type { EditOrigin, Journal, StoredDocument } from '../../extensions/journal/index.ts'
import { assertDocumentName } from '../documents/document-name.ts'
import type { Logger } from '../logger.ts'
import { AckGate } from './AckGate.ts'
import { Admission, type AdmissionLimits } from './Admission.ts'
import type { Identity } from './awareness.ts'
import { Channel } from './Channel.ts'
import { EventStreams } from './json/EventStreams.ts'
import { JsonGateway } from './json/JsonGateway.ts'
import { JsonSocket } from './json/JsonSocket.ts'
import { WebSocketWire } from './json/WebSocketWire.ts'
import type { Wire } from './json/Wire.ts'
import { ColdJoins } from './ColdJoins.ts'
import { DocumentFanout } from './DocumentFanout.ts'
import { FlushScheduler } from './FlushScheduler.ts'
import { assertKnownHocuspocus, skipAwarenessHook, takeOverBroadcasts } from './hocuspocus-internals.ts'
import { OpeningDocument } from './OpeningDocument.ts'
import { hocuspocusProtocol } from './protocols/hocuspocus.ts'
import type { Protocol } from './protocols/Protocol.ts'
import { authMessage, YWebsocketProtocol } from './protocols/y-websocket.ts'
import type { TransportMetrics, TransportServices, TransportSettings } from './services.ts'
import type { ServedSocket } from './ServedSocket.ts'
import { Socket, type SocketOwner } from './Socket.ts'
import { upgradeRequest } from './UpgradeRequest.ts'
import { frameMessages, statelessMessage } from './wire.ts'

export interface TransportOptions {
  readonly settings: TransportSettings
  readonly admission: AdmissionLimits
  readonly journal: Journal
  /** Past this many bytes that are not durable yet, edits are refused. */
  readonly maxPendingBytes: number
  readonly logger: Logger
  readonly metrics: TransportMetrics
  readonly ticketOf: (document: Document) => number
  /** Resolves when the document holds what other instances have written by now. Default: there are none. */
  readonly caughtUp?: (document: Document) => Promise<void>
  readonly identityOf: (context: unknown) => Identity | undefined
}

/** A small server has no need to take its time. */
const drainMsPerSocket = 2
const drainStepMs = 10
const sweepIntervalMs = 1_000
/** y-websocket and Hocuspocus clients reconnect after 30 s of silence. */
const silenceMs = 20_000

/** Hooks that see sync messages before or after they are applied; when nobody has one, no time is spent on them. */
const syncHooks = ['beforeHandleMessage', 'beforeSync', 'afterHandleMessage'] as const
const changeHooks = ['onChange', 'onStoreDocument', 'afterStoreDocument'] as const

/** Owns the WebSockets: who may connect, which protocol they speak, and how updates and cursors reach them. */
export class Transport implements SocketOwner {
  /** For the list of extensions: the first to see a document, and the last to see it and its connections. */
  readonly extensions: readonly Extension[]
  readonly #options: TransportOptions
  readonly #admission: Admission
  readonly #scheduler = new FlushScheduler()
  readonly #coldJoins = new ColdJoins()
  readonly #fanouts = new Map<Document, DocumentFanout>()
  /** With the address that each counts for. */
  readonly #sockets = new Map<ServedSocket, string>()
  readonly #json: JsonGateway
  readonly #eventStreams = new EventStreams()
  readonly #wss: WebSocketServer
  #services: TransportServices | undefined
  #sweep: NodeJS.Timeout | undefined
  #hasChangeHook = true
  #hasAwarenessHook = true
  #isDraining = false

  constructor(options: TransportOptions) {
    assertKnownHocuspocus()
    this.#options = options
    this.#admission = new Admission(options.admission)
    this.#json = new JsonGateway((ticket) => ticket <= options.journal.durableTicket)
    this.#wss = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: options.settings.maxMessageBytes,
    })
    this.extensions = [
      {
        extensionName: 'Transport',
        priority: 10_000,
        onLoadDocument: (payload) => this.#documentMade(payload),
      },
      {
        extensionName: 'Transport',
        priority: -10_000,
        afterLoadDocument: async ({ document }) => this.#documentLoaded(document),
        connected: async (payload) => this.#connected(payload),
      },
    ]
  }

  get connections(): number {
    return this.#admission.connections
  }

  /** Bytes that wait in this process for clients to read. */
  get unsentBytes(): number {
    let bytes = 0
    for (const socket of this.#sockets.keys()) bytes += socket.unsentBytes
    return bytes
  }

  /** Serves waiting clients from the stored bytes; for the `beforeReplay` option of the journal extension. */
  readonly beforeReplay = async (documentName: string, stored: StoredDocument): Promise<void> => {
    this.#json.loading(documentName, stored.edits)
    if (!this.#services?.everySyncMessageSeen) await this.#coldJoins.serve(documentName, stored)
  }

  /** Takes note of edits that another instance has applied. */
  readonly relayed = (documentName: string, edits: readonly EditOrigin[]): void =>
    this.#json.relayed(documentName, edits)

  /** Takes the WebSockets of `server`. */
  attach(server: HttpServer, hocuspocus: Hocuspocus, hasHook: (name: HookName) => boolean): void {
    const { settings, journal, logger, metrics, maxPendingBytes, ticketOf, identityOf, caughtUp } =
      this.#options
    this.#services = {
      settings,
      hocuspocus,
      logger,
      metrics,
      ticketOf,
      identityOf,
      ...(caughtUp && { caughtUp }),
      scheduler: this.#scheduler,
      ackGate: new AckGate(journal, metrics.acknowledged),
      everySyncMessageSeen: syncHooks.some(hasHook),
      everyAwarenessSeen: hasHook('beforeHandleAwareness'),
      canAcceptEdits: () => journal.status.pendingBytes <= maxPendingBytes,
    }
    this.#hasChangeHook = changeHooks.some(hasHook)
    this.#hasAwarenessHook = hasHook('onAwarenessUpdate')
    journal.onDurable(() => this.#scheduler.flushSockets())
    journal.onStatus(({ healthy }) => this.#announce(healthy))
    server.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head))
    this.#sweep = setInterval(() => this.#sweepAll(), sweepIntervalMs)
  }

  /**
   * Takes no further connection and tells every client to reconnect elsewhere: in random order and spread over a while,
   * so that they do not all arrive there at once. They are served until then.
   */
  async drain(spreadMs: number): Promise<void> {
    this.#isDraining = true
    const { code, reason } = new CodraftError('CODRAFT_SERVER_DRAINING')
    const sockets = Array.from(this.#sockets.keys(), (socket) => ({ socket, order: Math.random() }))
    sockets.sort((a, b) => a.order - b.order)
    const durationMs = Math.min(spreadMs, sockets.length * drainMsPerSocket)
    const startedAt = performance.now()
    for (const [index, { socket }] of sockets.entries()) {
      const waitMs = startedAt + (index / sockets.length) * durationMs - performance.now()
      if (waitMs > drainStepMs) await delay(waitMs)
      socket.close(code, reason)
    }
  }

  close(): void {
    clearInterval(this.#sweep)
    for (const socket of this.#sockets.keys()) socket.terminate()
    this.#scheduler.close()
    this.#services?.ackGate.close()
    this.#wss.close()
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', destroyFailed)
    try {
      if (!this.#services || this.#isDraining) throw new CodraftError('CODRAFT_SERVER_DRAINING')
      const url = new URL(request.url ?? '/', 'http://localhost')
      const protocol = url.pathname === jsonPath ? undefined : protocolOf(url.pathname)
      const address = this.#admission.addressOf(request)
      this.#admission.admit(request, address)
      // `ws` answers a bad handshake by itself and never calls back: the stream's end gives the place back.
      const abandoned = (): void => this.#admission.leave(address, undefined)
      stream.once('close', abandoned)
      this.#wss.handleUpgrade(request, stream, head, (ws) => {
        // From here on `ws` listens; what stays attached would keep the whole request in memory.
        stream.off('close', abandoned)
        stream.off('error', destroyFailed)
        if (!protocol) {
          this.#serveJson(new WebSocketWire(ws, stream), request, url, address)
          return
        }
        const socket = this.#connect(ws, stream, protocol, request, address)
        this.#sockets.set(socket, address)
        if (protocol.documentName !== undefined)
          socket.authenticate(authMessage(protocol.documentName, tokenOf(url, request)))
      })
    } catch (error) {
      this.#refuse(
        stream,
        error instanceof CodraftError ? error : new CodraftError('CODRAFT_INTERNAL', '', { cause: error }),
      )
    }
  }

  /**
   * Serves a JSON client that cannot open a WebSocket.
   *
   * @throws {CodraftError} as a WebSocket would be refused; nothing is answered then
   */
  openEvents(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#services || this.#isDraining) throw new CodraftError('CODRAFT_SERVER_DRAINING')
    const address = this.#admission.addressOf(request)
    this.#admission.admit(request, address)
    const url = new URL(request.url ?? '/', 'http://localhost')
    this.#serveJson(this.#eventStreams.open(response), request, url, address)
  }

  /** Takes messages of such a client; see {@link EventStreams.receive}. */
  receive(connection: string, body: string): Promise<void> {
    return this.#eventStreams.receive(connection, body)
  }

  #connect(
    ws: WebSocket,
    stream: Duplex,
    protocol: Protocol,
    request: IncomingMessage,
    address: string,
  ): Socket {
    const services = this.#services as TransportServices
    services.metrics.connectionOpened(protocol.documentName === undefined ? 'hocuspocus' : 'y-websocket')
    return new Socket({
      ws,
      stream,
      protocol,
      request: upgradeRequest(request),
      address,
      services,
      owner: this,
    })
  }

  #refuse(stream: Duplex, { status, errorCode, reason }: CodraftError): void {
    this.#options.metrics.rejected(errorCode)
    const body = JSON.stringify({ code: errorCode, detail: reason })
    stream.end(
      `HTTP/1.1 ${status} ${errorCode}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    )
  }

  openDocument(socket: Socket, address: string): OpeningDocument {
    const documentName = address.split('\0', 1)[0] as string
    assertDocumentName(documentName)
    const prefix = socket.protocol.prefix(address)
    const opening: OpeningDocument = new OpeningDocument(
      documentName,
      (messages) => socket.queue(frameMessages(prefix, messages)),
      () => this.#coldJoins.changed(opening),
      () => end(),
    )
    const end = this.#coldJoins.add(opening)
    return opening
  }

  #serveJson(wire: Wire, request: IncomingMessage, url: URL, address: string): void {
    const services = this.#services as TransportServices
    const socket = new JsonSocket({
      wire,
      request: upgradeRequest(request),
      token: tokenOf(url, request),
      services,
      open: (socket, connection, join) => this.#json.open(socket, connection, join, services),
      onClosed: (socket, code) => this.socketClosed(socket, code),
    })
    this.#sockets.set(socket, address)
    services.metrics.connectionOpened('json')
  }

  socketClosed(socket: ServedSocket, code: number): void {
    const address = this.#sockets.get(socket)
    this.#sockets.delete(socket)
    if (address !== undefined) this.#admission.leave(address, socket.userId)
    this.#options.metrics.connectionClosed(code)
  }

  async #documentMade({ document }: onLoadDocumentPayload): Promise<void> {
    const services = this.#services
    if (!services) return
    const fanout = new DocumentFanout(document, services)
    this.#fanouts.set(document, fanout)
    document.once('destroy', () => {
      this.#fanouts.delete(document)
      this.#json.unloaded(document)
    })
    takeOverBroadcasts(document, (clients) => fanout.awarenessChanged(clients))
  }

  #documentLoaded(document: Document): void {
    if (!this.#hasChangeHook) {
      document.onUpdate(() => {
        document.lastChangeTime = Date.now()
      })
    }
    if (!this.#hasAwarenessHook) skipAwarenessHook(document)
  }

  /** Runs after the `connected` hooks of all extensions: only now may the client's messages reach the document. */
  #connected({ connection }: connectedPayload): void {
    const socket: unknown = connection.webSocket
    const fanout = this.#fanouts.get(connection.document)
    if (!(socket instanceof Socket || socket instanceof JsonSocket) || !fanout || !this.#services) return
    const identity = this.#options.identityOf(connection.context)
    if (identity && socket.userId === undefined) {
      try {
        this.#admission.admitUser(identity.userId)
      } catch (error) {
        socket.fail(error)
        return
      }
      socket.userId = identity.userId
    }
    if (socket instanceof JsonSocket) {
      socket.opened(connection)
      return
    }
    const channel = new Channel(socket, connection, fanout, this.#services)
    channel.sendAwareness()
    socket.opened(connection, channel)
    if (!this.#options.journal.status.healthy) channel.send(durabilityMessage(false))
  }

  /** Clients cannot tell a slow acknowledgement from a store that fails, so they are told. */
  #announce(healthy: boolean): void {
    this.#json.tellAll({ type: 'durability', state: healthy ? 'ok' : 'degraded' })
    for (const { channels } of this.#fanouts.values()) {
      for (const channel of channels.values()) channel.send(durabilityMessage(healthy))
    }
  }

  #sweepAll(): void {
    const now = performance.now()
    for (const socket of this.#sockets.keys()) this.#sweepSocket(socket, now)
    for (const fanout of this.#fanouts.values()) fanout.sweep(now)
    this.#json.sweep(now)
  }

  #sweepSocket(socket: ServedSocket, now: number): void {
    const { authDeadlineMs, idleTimeoutMs, slowReaderDeadlineMs } = this.#options.settings
    const notReadMs = socket.behindSince === undefined ? 0 : now - socket.behindSince
    const notHeardMs = now - socket.lastReceivedAt
    if (!socket.isAuthenticated && now - socket.openedAt > authDeadlineMs) {
      socket.fail(new CodraftError('CODRAFT_AUTH_TIMEOUT'))
    } else if (notReadMs > slowReaderDeadlineMs) {
      socket.fail(new CodraftError('CODRAFT_SLOW_READER'))
    } else if (notReadMs === 0 && notHeardMs > idleTimeoutMs) {
      socket.terminate()
    } else {
      if (notHeardMs > idleTimeoutMs / 2) socket.ping()
      if (now - socket.lastSentAt > silenceMs) socket.keepAlive()
    }
  }
}

type HookName = Parameters<Hocuspocus['hooks']>[0]

const durabilityMessage = (healthy: boolean): ReturnType<typeof statelessMessage> =>
  statelessMessage(JSON.stringify({ type: 'durability', state: healthy ? 'ok' : 'degraded' }))

function destroyFailed(this: Duplex): void {
  this.destroy()
}

const yWebsocketPath = '/yjs/'
const jsonPath = '/ws'

const protocolOf = (path: string): Protocol => {
  if (path === '/collab') return hocuspocusProtocol
  if (!path.startsWith(yWebsocketPath)) throw new CodraftError('CODRAFT_NOT_FOUND', path.slice(0, 60))
  let name: string
  try {
    name = decodeURIComponent(path.slice(yWebsocketPath.length))
  } catch {
    throw new CodraftError('CODRAFT_DOCUMENT_NAME_INVALID')
  }
  assertDocumentName(name)
  return new YWebsocketProtocol(name)
}

const tokenOf = (url: URL, { headers: { authorization } }: IncomingMessage): string =>
  url.searchParams.get('token') ?? authorization?.replace(/^Bearer /i, '') ?? ''
