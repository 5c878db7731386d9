import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Wire, WireListener } from './Wire.ts'

export class WebSocketWire implements Wire {
  readonly #ws: WebSocket
  readonly #stream: Duplex

  constructor(ws: WebSocket, stream: Duplex) {
    this.#ws = ws
    this.#stream = stream
  }

  get isOpen(): boolean {
    return this.#ws.readyState === this.#ws.OPEN
  }

  get unsentBytes(): number {
    return this.#stream.writableLength
  }

  send(text: string): void {
    if (this.isOpen) this.#ws.send(text)
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason)
    // The peer may never answer the closing handshake.
    setTimeout(() => this.#ws.terminate(), 2_000).unref()
  }

  terminate(): void {
    this.#ws.terminate()
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    this.#ws.resume()
  }

  ping(): void {
    this.#ws.ping()
  }

  listen(listener: WireListener): void {
    this.#ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) listener.binary()
      else listener.message(data.toString())
    })
    this.#ws.on('pong', () => listener.alive())
    this.#ws.on('error', () => this.#ws.terminate())
    this.#ws.on('close', (code: number, reason: Buffer) => listener.closed(code, reason.toString()))
    this.#stream.on('drain', () => listener.drained())
  }
}
