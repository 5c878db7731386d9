import { openWebSocket, type Line, type LineHandlers, type WebSocketClass } from './Line.ts'

export interface ConnectionOptions {
  /** Of the JSON protocol: `ws://host/ws`. */
  readonly url: string
  readonly documentId: string
  /** @default the global WebSocket */
  readonly WebSocket?: WebSocketClass
  /** Longest wait between two attempts to connect, ms. @default 10_000 */
  readonly maxDelayMs?: number
}

const firstDelayMs = 200
/** A network that blocks WebSockets may say nothing at all. */
const openMs = 5_000
/** The server says something every 20 s. */
const silenceMs = 45_000

/**
 * Keeps a way to the server open: reconnects after growing pauses, and takes server-sent events and POST where WebSockets
 * do not get through.
 */
export class Connection {
  readonly #options: ConnectionOptions
  readonly #handlers: LineHandlers
  #line: Line | undefined
  #attempts = 0
  #isClosed = false
  #timer: ReturnType<typeof setTimeout> | undefined
  #watch: ReturnType<typeof setTimeout> | undefined

  /** @param handlers are told of each connection anew; `closed` may call {@link close} to end the attempts */
  constructor(options: ConnectionOptions, handlers: LineHandlers) {
    this.#options = options
    this.#handlers = handlers
    this.#connect()
  }

  send(message: object): void {
    this.#line?.send(message)
  }

  /** The server answers as it should: after a break the first attempt follows soon. */
  settled(): void {
    this.#attempts = 0
  }

  /** Gives up this connection for the next one. */
  drop(): void {
    this.#line?.close()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#watch)
    this.#line?.close()
  }

  #connect(): void {
    const { WebSocket: Socket = globalThis.WebSocket } = this.#options
    let hasOpened = false
    this.#watchFor(openMs)
    this.#line = openWebSocket(
      this.#url,
      this.#listener(
        () => (hasOpened = true),
        (reason) => {
          // Once may be a server that starts anew.
          if (hasOpened || this.#attempts === 0) this.#closed(reason)
          else this.#fallBack()
        },
      ),
      Socket,
    )
  }

  #fallBack(): void {
    this.#line = undefined
    import('./EventStream.ts').then(
      ({ openEventStream }) => {
        if (this.#isClosed) return
        this.#watchFor(openMs)
        const handlers = this.#listener(
          () => undefined,
          (reason) => this.#closed(reason),
        )
        this.#line = openEventStream(this.#url, handlers)
      },
      () => this.#closed(''),
    )
  }

  /** A load balancer sends all clients of a document to one instance by it. */
  get #url(): string {
    const { url, documentId } = this.#options
    return `${url}${url.includes('?') ? '&' : '?'}doc=${encodeURIComponent(documentId)}`
  }

  #listener(opened: () => void, closed: (reason: string) => void): LineHandlers {
    return {
      opened: () => {
        opened()
        this.#watchFor(silenceMs)
        this.#handlers.opened()
      },
      received: (message) => {
        this.#watchFor(silenceMs)
        this.#handlers.received(message)
      },
      closed,
    }
  }

  /** A connection that is silent for longer is given up. */
  #watchFor(ms: number): void {
    clearTimeout(this.#watch)
    this.#watch = setTimeout(() => this.drop(), ms)
  }

  #closed(reason: string): void {
    clearTimeout(this.#watch)
    this.#line = undefined
    if (this.#isClosed) return
    this.#handlers.closed(reason)
    if (this.#isClosed) return
    const longest = Math.min(this.#options.maxDelayMs ?? 10_000, firstDelayMs * 1.7 ** this.#attempts)
    this.#attempts += 1
    // Clients of a server that went down must not come back all at once.
    this.#timer = setTimeout(() => this.#connect(), longest * (0.5 + Math.random() / 2))
  }
}
