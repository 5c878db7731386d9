import { lookup as systemLookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, type Dispatcher } from 'undici'

export interface PublicAgentOptions {
  /** For a connection to be made, ms. */
  readonly connectMs: number
  /** Addresses that are allowed besides public ones. @default none */
  readonly isAllowed?: (address: string) => boolean
}

/** Connects to what everybody can reach, and to nothing that only this server reaches. */
export interface PublicAgent {
  readonly dispatcher: Dispatcher
  /** False for an address that is none; MUST be asked before a request: literal addresses are not looked up. */
  mayRequest(url: URL): boolean
}

/** A name of which an address is private, loopback, link-local or otherwise special. */
export class AddressNotPublic extends Error {
  override readonly name = 'AddressNotPublic'
}

/**
 * Makes an agent for addresses that strangers have given. Private, loopback, link-local (the metadata services of
 * clouds) and other special addresses are refused after the name is resolved, on the connection itself, so that a name
 * cannot change between check and use.
 */
export const createPublicAgent = ({
  connectMs,
  isAllowed = () => false,
}: PublicAgentOptions): PublicAgent => {
  const isReachable = (address: string): boolean => isPublic(address) || isAllowed(address)
  return {
    dispatcher: new Agent({
      connect: { lookup: guardedLookup(isReachable), timeout: connectMs },
      keepAliveTimeout: 1,
      keepAliveMaxTimeout: 1,
    }),
    mayRequest({ protocol, hostname }) {
      const host = hostname.replace(/^\[|\]$/g, '')
      const isWeb = protocol === 'http:' || protocol === 'https:'
      return isWeb && (isIP(host) === 0 || isReachable(host))
    },
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
        return callback(new AddressNotPublic('the address is not public'), '')
      }
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family)
    })
  }

/** Whether everybody can reach an address: not private, loopback, link-local, shared, reserved, or one of these in IPv6. */
const isPublic = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false
  return ipaddr.process(address).range() === 'unicast'
}
