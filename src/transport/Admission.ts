import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'
import { CodraftError } from '../../extensions/errors.ts'

export interface AdmissionLimits {
  readonly allowedOrigins: readonly string[]
  /** Addresses or CIDR ranges. */
  readonly trustedProxies: readonly string[]
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  readonly maxConnectionsPerUser: number
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** @throws Error when `text` is neither an address nor a CIDR range */
const parseRange = (text: string): Range => {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

const inRange = (address: ipaddr.IPv4 | ipaddr.IPv6, [base, bits]: Range): boolean =>
  address.kind() === base.kind() && address.match(base, bits)

/** Decides who may open a connection, and counts who has. */
export class Admission {
  readonly #limits: AdmissionLimits
  readonly #proxies: readonly Range[]
  readonly #byAddress = new Map<string, number>()
  readonly #byUser = new Map<string, number>()
  #connections = 0

  constructor(limits: AdmissionLimits) {
    this.#limits = limits
    this.#proxies = limits.trustedProxies.map(parseRange)
  }

  get connections(): number {
    return this.#connections
  }

  /**
   * The address of the real peer: the socket's, or the right-most one in X-Forwarded-For that is no trusted proxy.
   */
  addressOf(request: IncomingMessage): string {
    const forwarded = String(request.headers['x-forwarded-for'] ?? '')
    const hops = [...forwarded.split(',').map((hop) => hop.trim()), request.socket.remoteAddress ?? '']
    let peer = hops.pop() ?? ''
    while (this.#isTrustedProxy(peer) && hops.length > 0) {
      const next = hops.pop() ?? ''
      if (!ipaddr.isValid(next)) break
      peer = next
    }
    return ipaddr.isValid(peer) ? ipaddr.process(peer).toString() : peer
  }

  /**
   * @throws {CodraftError} CODRAFT_ORIGIN_FORBIDDEN, CODRAFT_TOO_MANY_CONNECTIONS
   */
  admit(request: IncomingMessage, address: string): void {
    const { maxConnections, maxConnectionsPerAddress } = this.#limits
    this.#checkOrigin(request)
    if (this.#connections >= maxConnections)
      throw new CodraftError('CODRAFT_TOO_MANY_CONNECTIONS', 'of this server')
    const ofAddress = this.#byAddress.get(address) ?? 0
    if (ofAddress >= maxConnectionsPerAddress && !isLoopback(address)) {
      throw new CodraftError('CODRAFT_TOO_MANY_CONNECTIONS', 'from this address')
    }
    this.#connections += 1
    this.#byAddress.set(address, ofAddress + 1)
  }

  leave(address: string, userId: string | undefined): void {
    this.#connections -= 1
    decrement(this.#byAddress, address)
    if (userId !== undefined) decrement(this.#byUser, userId)
  }

  /**
   * Counts a connection for its user, once it is known.
   *
   * @throws {CodraftError} CODRAFT_TOO_MANY_CONNECTIONS
   */
  admitUser(userId: string): void {
    const ofUser = this.#byUser.get(userId) ?? 0
    if (ofUser >= this.#limits.maxConnectionsPerUser) {
      throw new CodraftError('CODRAFT_TOO_MANY_CONNECTIONS', 'of this user')
    }
    this.#byUser.set(userId, ofUser + 1)
  }

  #isTrustedProxy(address: string): boolean {
    if (this.#proxies.length === 0 || !ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    return this.#proxies.some((range) => inRange(parsed, range))
  }

  /** A browser always sends Origin; programs that send none cannot be misused by a foreign page. */
  #checkOrigin({ headers: { origin, host } }: IncomingMessage): void {
    const { allowedOrigins } = this.#limits
    if (origin === undefined || allowedOrigins.includes('*') || allowedOrigins.includes(origin)) return
    if (URL.canParse(origin) && new URL(origin).host === host) return
    throw new CodraftError('CODRAFT_ORIGIN_FORBIDDEN', origin.slice(0, 80))
  }
}

const decrement = (counts: Map<string, number>, key: string): void => {
  const count = (counts.get(key) ?? 0) - 1
  if (count > 0) counts.set(key, count)
  else counts.delete(key)
}

export const isLoopback = (address: string): boolean =>
  ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback'
