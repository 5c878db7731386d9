import type { ServerResponse } from 'node:http'
import { CodraftError } from '../../../extensions/errors.ts'
import type { Wire, WireListener } from './Wire.ts'

/** Server-sent events to the client (HTML standard, section 9.2); its messages come as bodies of POST. */
export class EventStreamWire implements Wire {
  /** Known to the client alone: whoever has it speaks for the client. */
  readonly id = crypto.randomUUID()
  readonly #response: ServerResponse
  #listener: WireListener | undefined
  #paused: PromiseWithResolvers<void> | undefined
  #isReceiving = false
  #end = { code: 1006, reason: '' }

  constructor(response: ServerResponse) {
    this.#response = response
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-content-type-options': 'nosniff',
      // nginx gathers answers unless it is told otherwise.
      'x-accel-buffering': 'no',
    })
    this.#write(`event: open\ndata: ${this.id}`)
  }

  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed
  }

  get unsentBytes(): number {
    return this.#response.writableLength
  }

  send(text: string): void {
    this.#write(`data: ${text}`)
  }

  close(code: number, reason: string): void {
    if (!this.isOpen) return
    this.#end = { code, reason }
    this.#write(`event: close\ndata: ${reason}`)
    this.#response.end()
    // The peer may never read it.
    setTimeout(() => this.#response.destroy(), 2_000).unref()
  }

  terminate(): void {
    this.#response.destroy()
  }

  pause(): void {
    this.#paused ??= Promise.withResolvers()
  }

  resume(): void {
    this.#paused?.resolve()
    this.#paused = undefined
  }

  ping(): void {
    this.#write(':')
  }

  listen(listener: WireListener): void {
    this.#listener = listener
    this.#response.on('drain', () => listener.drained())
    this.#response.on('error', () => this.#response.destroy())
    this.#response.once('close', () => {
      this.resume()
      listener.closed(this.#end.code, this.#end.reason)
    })
  }

  /**
   * Takes messages of the client, one a line; resolves when they are handled.
   *
   * @throws {CodraftError} CODRAFT_RATE_LIMITED when those before them are not
   */
  async receive(body: string): Promise<void> {
    if (this.#isReceiving) throw new CodraftError('CODRAFT_RATE_LIMITED', 'one request at a time')
    this.#isReceiving = true
    try {
      for (const message of body.split('\n')) {
        while (this.#paused) await this.#paused.promise
        if (this.isOpen) this.#listener?.message(message)
      }
    } finally {
      this.#isReceiving = false
    }
  }

  #write(event: string): void {
    if (this.isOpen) this.#response.write(`${event}\n\n`)
  }
}
