import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import type { Hocuspocus } from '@hocuspocus/server'
import { WebSocketServer } from 'ws'
import { QuietWebSocket } from '../helpers/quiet-socket.ts'

export interface TestServer {
  readonly url: string
  close(): Promise<void>
}

/** Serves the instance's documents on a free port of loopback, as a team would that brings its own HTTP server. */
export const serve = async (hocuspocus: Hocuspocus): Promise<TestServer> => {
  const http = createServer()
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', (socket, request) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const connection = hocuspocus.handleConnection(socket, new Request(url))
    socket.on('message', (data: Buffer) => connection.handleMessage(new Uint8Array(data)))
    socket.on('close', (code, reason) => connection.handleClose({ code, reason: reason.toString() }))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      http.close()
      await once(http, 'close')
    },
  }
}

/** A real client; `close` ends its socket and its timers. */
export class Client {
  readonly provider: HocuspocusProvider
  readonly refusals: string[] = []
  readonly closeReasons: string[] = []
  readonly #socket: HocuspocusProviderWebsocket

  constructor(url: string, name: string) {
    this.#socket = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: QuietWebSocket })
    this.provider = new HocuspocusProvider({
      websocketProvider: this.#socket,
      name,
      token: 'token',
      onAuthenticationFailed: ({ reason }) => this.refusals.push(reason),
      onClose: ({ event }) => this.closeReasons.push(event.reason),
    })
    this.provider.attach()
  }

  get text(): string {
    return this.provider.document.getText('text').toJSON()
  }

  type(text: string): void {
    this.provider.document.getText('text').insert(0, text)
  }

  async synced(): Promise<this> {
    await until(() => this.provider.isSynced && this.provider.unsyncedChanges === 0)
    return this
  }

  close(): void {
    this.provider.destroy()
    this.#socket.destroy()
    this.provider.document.destroy()
  }
}

/** Resolves when the condition holds; rejects after `ms`. */
export const until = async (condition: () => boolean, ms = 5_000): Promise<void> => {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline)
      throw new Error(`still not true after ${ms} ms: ${condition.toString()}`)
    const { promise, resolve } = Promise.withResolvers<void>()
    setTimeout(resolve, 5)
    await promise
  }
}

/** Whether the promise is still pending after `ms`: for a promise that never settles there is nothing to wait for. */
export const isPendingAfter = async (promise: Promise<unknown>, ms: number): Promise<boolean> => {
  const { promise: timeout, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(true), ms)
  const settled = promise.then(
    () => false,
    () => false,
  )
  const isPending = await Promise.race([settled, timeout])
  clearTimeout(timer)
  return isPending
}
