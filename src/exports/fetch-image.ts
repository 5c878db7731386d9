import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, request } from 'undici'

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
 * Makes a function that fetches an image from the web, and never from a network that only this server reaches: private,
 * loopback, link-local (the metadata services of clouds) and other special addresses are refused after the name is
 * resolved, on the connection itself, so that a name cannot change between check and use. Redirects are checked alike.
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
  const isReachable = (address: string): boolean => isPublic(address) || isAllowed(address)
  const agent = new Agent({
    connect: { lookup: guardedLookup(isReachable), timeout: deadlineMs },
    keepAliveTimeout: 1,
    keepAliveMaxTimeout: 1,
  })

  const fetchOnce = async (url: URL, signal: AbortSignal): Promise<Uint8Array | URL | undefined> => {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
    // Literal addresses are not looked up.
    if (!isWeb || (isIP(host) !== 0 && !isReachable(host))) return undefined
    const { statusCode, headers, body } = await request(url.href, {
      dispatcher: agent,
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

const guardedLookup =
  (isReachable: (address: string) => boolean): LookupFunction =>
  (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '')
      // One bad address among good ones is how names are made to change their meaning.
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => isReachable(address))) {
        return callback(new Error('the address is not public'), '')
      }
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family)
    })
  }

/** Whether everybody can reach an address: not private, loopback, link-local, shared, reserved, or one of these in IPv6. */
export const isPublic = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return parsed.range() === 'unicast'
}
