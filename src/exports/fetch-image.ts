import { request } from 'undici'
import { createPublicAgent } from '../public-agent.ts'

export interface FetchImageOptions {
  /** @default 10 MiB */
  readonly maxBytes?: number
  /** For the whole fetch, redirects included, ms. @default 10_000 */
  readonly deadlineMs?: number
  /** @default 3 */
  readonly maxRedirects?: number
  /** Addresses that are allowed besides public ones; for tests. @default none */
  readonly isAllowed?: (address: string) => boolean
}

/**
 * Makes a function that fetches an image from the web, and never from a network that only this server reaches; redirects
 * are checked alike.
 */
export const createImageFetcher = (
  options: FetchImageOptions = {},
): ((src: string) => Promise<Uint8Array | undefined>) => {
  const {
    maxBytes = 10 * 1024 * 1024,
    deadlineMs = 10_000,
    maxRedirects = 3,
    isAllowed = () => false,
  } = options
  const agent = createPublicAgent({ connectMs: deadlineMs, isAllowed })

  const fetchOnce = async (url: URL, signal: AbortSignal): Promise<Uint8Array | URL | undefined> => {
    if (!agent.mayRequest(url)) return undefined
    const { statusCode, headers, body } = await request(url.href, {
      dispatcher: agent.dispatcher,
      signal,
      headers: { accept: 'image/png, image/jpeg, image/gif, image/webp', 'user-agent': 'codraft' },
    })
    // A body that is given up reports that as an error.
    body.on('error', () => undefined)
    const { location } = headers
    if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
      body.destroy()
      return URL.canParse(location, url.href) ? new URL(location, url) : undefined
    }
    if (statusCode !== 200 || Number(headers['content-length'] ?? 0) > maxBytes) {
      body.destroy()
      return undefined
    }
    const parts: Buffer[] = []
    let length = 0
    for await (const part of body as AsyncIterable<Buffer>) {
      length += part.length
      if (length > maxBytes) return undefined
      parts.push(part)
    }
    return Buffer.concat(parts)
  }

  return async (src) => {
    if (!URL.canParse(src)) return undefined
    const signal = AbortSignal.timeout(deadlineMs)
    try {
      let next: Uint8Array | URL | undefined = new URL(src)
      for (let redirects = 0; next instanceof URL && redirects <= maxRedirects; redirects++) {
        next = await fetchOnce(next, signal)
      }
      return next instanceof URL ? undefined : next
    } catch {
      // Whatever went wrong, the image is not there; the file says so.
      return undefined
    }
  }
}
