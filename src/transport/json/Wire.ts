/** A way to a JSON client and back: a WebSocket, or server-sent events with POST. */
export interface Wire {
  readonly isOpen: boolean
  readonly unsentBytes: number
  send(text: string): void
  close(code: number, reason: string): void
  terminate(): void
  /** Reads no further messages until {@link resume}. */
  pause(): void
  resume(): void
  /** Asks the peer for a sign of life, where the wire can. */
  ping(): void
  listen(listener: WireListener): void
}

export interface WireListener {
  message(text: string): void
  /** A message that is no text. */
  binary(): void
  /** The peer has shown that it is there. */
  alive(): void
  /** What was sent has been taken. */
  drained(): void
  closed(code: number, reason: string): void
}
