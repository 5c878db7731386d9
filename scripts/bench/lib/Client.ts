import { WebSocket } from 'ws'
import type { Frame, FrameKind, Wire } from './wire.ts'

export interface Endpoint {
  readonly url: string
  readonly wire: Wire
  readonly token: string
}

/**
 * One editor, as cheap as possible: it has no Y.Doc, answers the handshake with an empty state and hands the bytes
 * of every frame on.
 */
export class Client {
  readonly documentName: string
  readonly wire: Wire
  bytes = 0
  frames = 0
  openedAt = 0
  /** WebSocket close code, once closed. */
  closeCode: number | undefined
  onFrame: ((frame: Buffer, kind: FrameKind) => void) | undefined
  /** Called with the tag of the update that the server has acknowledged. */
  onAck: ((tag: number) => void) | undefined
  /** Called when the connection ends and nobody here has asked for it. */
  onUnexpectedClose: (() => void) | undefined

  readonly #endpoint: Endpoint
  #socket: WebSocket | undefined
  #closing = false
  #settleOpen: ((error?: Error) => void) | undefined
  /** Tags of the frames that await an acknowledgement, oldest first; undefined for frames without one. */
  readonly #unacknowledged: (number | undefined)[] = []

  constructor(endpoint: Endpoint, documentName: string) {
    this.#endpoint = endpoint
    this.wire = endpoint.wire
    this.documentName = documentName
  }

  /** Resolves when the server has answered the first sync step. */
  open(timeoutMs = 30_000): Promise<void> {
    const { url, token } = this.#endpoint
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => settle(new Error(`no state within ${timeoutMs} ms`)), timeoutMs)
    const settle = (error?: Error): void => {
      clearTimeout(timer)
      this.#settleOpen = undefined
      if (!error) return resolve()
      this.terminate()
      reject(error)
    }
    this.#settleOpen = settle
    this.openedAt = performance.now()
    const socket = new WebSocket(this.wire.url(url, this.documentName), {
      perMessageDeflate: false,
      maxPayload: 0,
      skipUTF8Validation: true,
    })
    this.#socket = socket
    socket.on('open', () => {
      for (const frame of this.wire.hello(this.documentName, token)) socket.send(frame)
    })
    socket.on('message', (data) => this.#receive(data as Buffer))
    socket.on('error', (error) => this.#settleOpen?.(error))
    socket.on('close', (code, reason) => {
      this.closeCode = code
      this.#settleOpen?.(new Error(`closed with ${code} ${reason.toString()} before the first state`))
      if (!this.#closing) this.onUnexpectedClose?.()
    })
    return promise
  }

  #receive(frame: Buffer): void {
    this.frames++
    this.bytes += frame.length
    const kind = this.wire.kindOf(frame)
    switch (kind) {
      case 'step1':
        this.#unacknowledged.push(undefined)
        this.send(this.wire.step2(this.documentName))
        break
      case 'ack':
        this.#acknowledged()
        return
      case 'nack':
        this.#unacknowledged.shift()
        return
      case 'denied':
        this.#settleOpen?.(new Error('permission denied'))
        return
      default:
    }
    this.onFrame?.(frame, kind)
    if (kind === 'step2') this.#settleOpen?.()
  }

  #acknowledged(): void {
    const tag = this.#unacknowledged.shift()
    if (tag !== undefined) this.onAck?.(tag)
  }

  send(frame: Frame): void {
    this.#socket?.send(frame)
  }

  /** `tag` comes back with the acknowledgement. */
  sendUpdate(update: Uint8Array, tag?: number): void {
    if (this.wire.acknowledges) this.#unacknowledged.push(tag)
    this.send(this.wire.update(this.documentName, update))
  }

  /** Bytes that wait to be written to the socket. */
  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0
  }

  /** Asks for the state again; resolves when the answer is here. */
  async roundTrip(timeoutMs = 10_000): Promise<void> {
    const previous = this.onFrame
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error('no answer to sync step 1')), timeoutMs)
    this.onFrame = (frame, kind) => {
      previous?.(frame, kind)
      if (kind === 'step2') resolve()
    }
    this.send(this.wire.step1(this.documentName))
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.onFrame = previous
    }
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  /** From here on the end of the connection is expected. */
  expectClose(): void {
    this.#closing = true
  }

  terminate(): void {
    this.expectClose()
    this.#socket?.terminate()
  }

  /** Closes the connection, by force after 3 s. */
  async close(): Promise<void> {
    this.expectClose()
    const socket = this.#socket
    if (!socket || socket.readyState === WebSocket.CLOSED) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(() => socket.terminate(), 3000)
    socket.once('close', () => resolve())
    socket.close(1000)
    await promise
    clearTimeout(timer)
  }
}

/** Runs `work` over the items, at most `width` at once. */
const pool = async <T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const queue = items.values()
  const lane = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: width }, lane))
}

export const openAll = (clients: readonly Client[]): Promise<void> =>
  pool(clients, 50, (client) => client.open())

export const closeAll = (clients: readonly Client[]): Promise<void> =>
  pool(clients, 200, (client) => client.close())
