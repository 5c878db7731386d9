import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { WebsocketProvider } from 'y-websocket'
import { QuietWebSocket } from './quiet-socket.ts'
import * as Y from 'yjs'
import type { TestServer } from './server.ts'
import { testToken, type TestTokenOptions } from './tokens.ts'

export interface ClientOptions extends TestTokenOptions {
  readonly user?: string
  readonly document?: Y.Doc
  /** A token to send as it is. */
  readonly token?: string
}

/** A real HocuspocusProvider with its own socket, which reconnects quickly. */
export class HocuspocusClient implements AsyncDisposable {
  readonly document: Y.Doc
  readonly provider: HocuspocusProvider
  readonly closeCodes: number[] = []
  readonly closeReasons: string[] = []
  readonly stateless: string[] = []
  deniedReason: string | undefined
  readonly #socket: HocuspocusProviderWebsocket

  constructor(
    server: Pick<TestServer, 'socketUrl'>,
    name: string,
    token: string | (() => Promise<string>),
    document = new Y.Doc(),
  ) {
    this.document = document
    this.#socket = new HocuspocusProviderWebsocket({
      // A load balancer hashes the document.
      url: `${server.socketUrl}/collab?doc=${encodeURIComponent(name)}`,
      WebSocketPolyfill: QuietWebSocket,
      delay: 50,
      minDelay: 50,
      maxDelay: 300,
      initialDelay: 0,
      factor: 1.5,
    })
    this.provider = new HocuspocusProvider({
      websocketProvider: this.#socket,
      name,
      document,
      token,
      onClose: ({ event }) => {
        this.closeCodes.push(event.code)
        this.closeReasons.push(event.reason)
      },
      onStateless: ({ payload }) => this.stateless.push(payload),
      onAuthenticationFailed: ({ reason }) => {
        this.deniedReason = reason
      },
    })
    this.provider.attach()
  }

  get text(): Y.Text {
    return this.document.getText('text')
  }

  /** True when the server has said that every edit is durable. */
  get isSaved(): boolean {
    return this.provider.isSynced && !this.provider.hasUnsyncedChanges
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.provider.destroy()
    this.#socket.destroy()
    await Promise.resolve()
  }
}

export const connectHocuspocus = async (
  server: Pick<TestServer, 'socketUrl'>,
  name: string,
  options: ClientOptions = {},
): Promise<HocuspocusClient> => {
  const { user = 'tester', document, token, ...rest } = options
  return new HocuspocusClient(server, name, token ?? (await testToken(user, rest)), document)
}

/** A real y-websocket WebsocketProvider. */
export class YWebsocketClient implements AsyncDisposable {
  readonly document: Y.Doc
  readonly provider: WebsocketProvider
  readonly closeCodes: number[] = []
  readonly closeReasons: string[] = []

  constructor(server: Pick<TestServer, 'socketUrl'>, name: string, token: string, document = new Y.Doc()) {
    this.document = document
    this.provider = new WebsocketProvider(`${server.socketUrl}/yjs`, encodeURIComponent(name), document, {
      params: { token },
      WebSocketPolyfill: QuietWebSocket as unknown as typeof globalThis.WebSocket,
      disableBc: true,
      maxBackoffTime: 300,
    })
    this.provider.on('connection-close', (event) => {
      if (!event) return
      this.closeCodes.push(event.code)
      this.closeReasons.push(event.reason)
    })
  }

  get text(): Y.Text {
    return this.document.getText('text')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.provider.destroy()
    await Promise.resolve()
  }
}

export const connectYWebsocket = async (
  server: Pick<TestServer, 'socketUrl'>,
  name: string,
  options: ClientOptions = {},
): Promise<YWebsocketClient> => {
  const { user = 'tester', document, token, ...rest } = options
  return new YWebsocketClient(server, name, token ?? (await testToken(user, rest)), document)
}
