/** What both ends of a connection say to each other: JSON messages with a `type`. */
export interface Message {
  readonly type: string
  readonly [field: string]: unknown
}

export interface LineHandlers {
  opened(): void
  received(message: Message): void
  closed(reason: string): void
}

/** One connection to the server; after `closed` it is used up. */
export interface Line {
  send(message: object): void
  close(): void
}

/** The part of the standard WebSocket that is used; that of the package `ws` has it too. */
export interface WebSocketLike {
  send(data: string): void
  close(): void
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { reason: string }) => void): void
}

export type WebSocketClass = new (url: string) => WebSocketLike

export const openWebSocket = (url: string, handlers: LineHandlers, Socket: WebSocketClass): Line => {
  const socket = new Socket(url)
  let isClosed = false
  const close = (reason: string): void => {
    if (isClosed) return
    isClosed = true
    handlers.closed(reason)
  }
  socket.addEventListener('open', () => handlers.opened())
  socket.addEventListener('message', ({ data }) => {
    if (!isClosed) handlers.received(JSON.parse(data as string) as Message)
  })
  socket.addEventListener('close', ({ reason }) => close(reason))
  // `close` follows.
  socket.addEventListener('error', () => undefined)
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    close() {
      socket.close()
      // The closing handshake may take its time; what comes in it is of no use any more.
      close('')
    },
  }
}
