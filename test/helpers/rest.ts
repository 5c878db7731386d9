import type { TestServer } from './server.ts'
import { testToken, type TestTokenOptions } from './tokens.ts'

export interface RestRequest {
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is when it is bytes or text, else as JSON. */
  readonly body?: unknown
}

export interface RestAnswer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Buffer
  readonly text: string
  /** The body as JSON. */
  readonly json: Record<string, unknown>
  /** The code of a problem document. */
  readonly code: string | undefined
}

/** Calls the routes of a server as one user. */
export class RestClient {
  readonly #server: Pick<TestServer, 'url'>
  readonly #token: string | undefined

  constructor(server: Pick<TestServer, 'url'>, token: string | undefined) {
    this.#server = server
    this.#token = token
  }

  readonly get = (path: string, request?: RestRequest) => this.#send('GET', path, request)
  readonly put = (path: string, request?: RestRequest) => this.#send('PUT', path, request)
  readonly post = (path: string, request?: RestRequest) => this.#send('POST', path, request)
  readonly patch = (path: string, request?: RestRequest) => this.#send('PATCH', path, request)
  readonly delete = (path: string, request?: RestRequest) => this.#send('DELETE', path, request)

  async #send(
    method: string,
    path: string,
    { query = {}, headers = {}, body }: RestRequest = {},
  ): Promise<RestAnswer> {
    const url = new URL(path, this.#server.url)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    const response = await fetch(url, {
      method,
      headers: {
        ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        ...(body !== undefined && {
          'content-type':
            body instanceof Uint8Array
              ? 'application/octet-stream'
              : isRaw
                ? 'text/plain'
                : 'application/json',
        }),
        ...headers,
      },
      ...(body !== undefined && {
        body: (isRaw ? body : JSON.stringify(body)) as string | Uint8Array<ArrayBuffer>,
      }),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const text = bytes.toString()
    const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '')
    const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
    const code = typeof json['code'] === 'string' ? json['code'] : undefined
    return { status: response.status, headers: response.headers, bytes, text, json, code }
  }
}

export const restClient = async (
  server: Pick<TestServer, 'url'>,
  user = 'tester',
  options: TestTokenOptions = {},
): Promise<RestClient> => new RestClient(server, await testToken(user, options))

/** The path of a document. */
export const documentPath = (name: string, rest = ''): string =>
  `/api/documents/${encodeURIComponent(name)}${rest}`
