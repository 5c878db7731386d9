import type { IncomingMessage } from 'node:http'

/**
 * What Hocuspocus and hooks read of a Web `Request`. A real one keeps several kilobytes alive for as long as its
 * connection; this one builds its headers when somebody asks for them.
 */
class UpgradeRequest {
  readonly url: string
  readonly method = 'GET'
  readonly #rawHeaders: readonly string[]
  #headers: Headers | undefined

  constructor(url: string, rawHeaders: readonly string[]) {
    this.url = url
    this.#rawHeaders = rawHeaders
  }

  get headers(): Headers {
    if (!this.#headers) {
      this.#headers = new Headers()
      for (let i = 0; i + 1 < this.#rawHeaders.length; i += 2) {
        this.#headers.append(this.#rawHeaders[i] as string, this.#rawHeaders[i + 1] as string)
      }
    }
    return this.#headers
  }
}

const handshakeHeader = /^(sec-websocket-|connection$|upgrade$)/i

export const upgradeRequest = ({ url, rawHeaders, headers }: IncomingMessage): Request => {
  const kept = rawHeaders.filter((_, i) => !handshakeHeader.test(rawHeaders[i - (i % 2)] as string))
  return new UpgradeRequest(`http://${headers.host ?? 'localhost'}${url}`, kept) as unknown as Request
}
