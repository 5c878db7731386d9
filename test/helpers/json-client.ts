import { once } from 'node:events'
import { connect, type CollaborativeDocument, type ConnectOptions } from '../../src/client/index.ts'
import { QuietWebSocket } from './quiet-socket.ts'
import type { TestServer } from './server.ts'
import { testToken, type TestTokenOptions } from './tokens.ts'

export interface JsonClientOptions extends TestTokenOptions, Partial<Omit<ConnectOptions, 'token'>> {
  readonly user?: string
  readonly token?: ConnectOptions['token']
}

/** The real client library on the JSON protocol; a text in the field `text` unless told otherwise. */
export const connectJson = async (
  server: Pick<TestServer, 'socketUrl'>,
  documentId: string,
  { user = 'tester', token, name, documents, ttlSeconds, ...options }: JsonClientOptions = {},
): Promise<CollaborativeDocument & AsyncDisposable> => {
  const claims = { ...(name && { name }), ...(documents && { documents }), ...(ttlSeconds && { ttlSeconds }) }
  const document = connect({
    url: `${server.socketUrl}/ws`,
    documentId,
    token: token ?? (await testToken(user, claims)),
    field: 'text',
    kind: 'text',
    maxDelayMs: 300,
    ...options,
  })
  return Object.assign(document, {
    async [Symbol.asyncDispose]() {
      document.close()
      await Promise.resolve()
    },
  })
}

export interface RawJson extends AsyncDisposable {
  readonly messages: Record<string, unknown>[]
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  send(message: unknown): void
  sendText(text: string): void
  /** Resolves to the next message of this type that was not returned yet. */
  next(type: string): Promise<Record<string, unknown>>
}

/** A socket that says what it is told, in JSON. */
export const openRawJson = async (server: Pick<TestServer, 'socketUrl'>): Promise<RawJson> => {
  const socket = new QuietWebSocket(`${server.socketUrl}/ws`)
  const messages: Record<string, unknown>[] = []
  let waiting: (() => void)[] = []
  socket.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString()) as Record<string, unknown>)
    for (const wake of waiting) wake()
    waiting = []
  })
  const closed = once(socket, 'close').then(([code, reason]: unknown[]) => {
    for (const wake of waiting) wake()
    return { code: code as number, reason: String(reason) }
  })
  await once(socket, 'open')
  return {
    messages,
    closed,
    send: (message) => socket.send(JSON.stringify(message)),
    sendText: (text) => socket.send(text),
    async next(type) {
      for (;;) {
        const at = messages.findIndex((message) => message['type'] === type)
        if (at >= 0) return messages.splice(at, 1)[0] as Record<string, unknown>
        if (socket.readyState > 1)
          throw new Error(
            `closed before ${type}: ${JSON.stringify(await closed)} ${JSON.stringify(messages)}`,
          )
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    async [Symbol.asyncDispose]() {
      socket.terminate()
      await Promise.resolve()
    },
  }
}

/** A client of the JSON protocol with the looks of a Yjs client, for tests that run over every wire. */
export const openJsonText = async (
  server: Pick<TestServer, 'socketUrl'>,
  documentId: string,
  token: string,
) => {
  const json = await connectJson(server, documentId, { token })
  let closeReason = ''
  json.on('failed', ({ code }) => {
    closeReason = code
  })
  return {
    provider: {
      get synced(): boolean {
        return json.isOnline
      },
    },
    text: {
      get length(): number {
        return json.text.length
      },
      insert: (position: number, text: string) => json.insert(position, text),
    },
    /** Code of the refusal, '' as long as there is none. */
    get closeReason(): string {
      return closeReason
    },
    [Symbol.asyncDispose]: () => json[Symbol.asyncDispose](),
  }
}
