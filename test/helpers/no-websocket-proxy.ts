import { once } from 'node:events'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface NoWebSocketProxy extends AsyncDisposable {
  readonly url: string
  readonly socketUrl: string
  /** Requests so far, as `POST /ws`. */
  readonly requests: readonly string[]
}

/** A proxy as in some companies: it passes requests on and knows no WebSockets. */
export const startNoWebSocketProxy = async (target: () => string): Promise<NoWebSocketProxy> => {
  const requests: string[] = []
  const server = createServer((incoming, outgoing) => {
    const { method, headers, url = '/' } = incoming
    requests.push(`${method} ${url.split('?', 1)[0]}`)
    const passed = send(new URL(url, target()), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
      answer.on('error', () => outgoing.destroy())
      outgoing.flushHeaders()
    })
    passed.on('error', () => outgoing.destroy())
    outgoing.on('close', () => passed.destroy())
    incoming.pipe(passed)
  })
  server.on('upgrade', (_request, socket) => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    socketUrl: url.replace('http', 'ws'),
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
