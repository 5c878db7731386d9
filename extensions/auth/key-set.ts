import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose'
import { CodraftError } from '../errors.ts'

export interface KeySetOptions {
  readonly jwksUrl: string
  /** How long one request may take, ms. @default 5_000 */
  readonly timeoutMs?: number
  /** A token of an unknown key fetches the set again, but not within this time of the last fetch, ms. @default 30_000 */
  readonly cooldownMs?: number
  /** Keys older than this are fetched again, ms. @default 600_000 */
  readonly refreshMs?: number
  /** While the endpoint is down, the keys at hand are good for this long, ms. @default 3_600_000 */
  readonly maxStaleMs?: number
}

/** After a failed fetch the next one waits this long, so that a storm of clients is not passed on to the endpoint. */
const retryMs = 1_000

/**
 * The keys of a JSON Web Key Set, by URL (RFC 7517, section 5).
 *
 * jose would refuse every token as soon as its cache is stale and the endpoint down, and would fetch again for
 * each of them. Here an outage is survived with the keys at hand, and is told apart from a wrong token.
 *
 * @throws {CodraftError} (the returned function) CODRAFT_AUTH_UNAVAILABLE when no usable set can be fetched
 * @throws {errors.JOSEError} (the returned function) when no key, or more than one, fits the token
 */
export const createKeySet = ({
  jwksUrl,
  timeoutMs = 5_000,
  cooldownMs = 30_000,
  refreshMs = 600_000,
  maxStaleMs = 3_600_000,
}: KeySetOptions): JWTVerifyGetKey => {
  const keySet = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: timeoutMs,
    cooldownDuration: Infinity,
    cacheMaxAge: Infinity,
  })
  let fetchedAt = -Infinity
  let failure: { readonly at: number; readonly error: CodraftError } | undefined

  const age = () => Date.now() - fetchedAt

  const refresh = async (): Promise<CodraftError | undefined> => {
    if (failure && Date.now() - failure.at < retryMs) return failure.error
    try {
      await keySet.reload()
      fetchedAt = Date.now()
      failure = undefined
    } catch (cause) {
      const error = new CodraftError('CODRAFT_AUTH_UNAVAILABLE', 'the key set cannot be fetched', { cause })
      failure = { at: Date.now(), error }
    }
    return failure?.error
  }

  return async (header, token) => {
    if (age() > maxStaleMs) {
      const unavailable = await refresh()
      if (unavailable) throw unavailable
    } else if (age() > refreshMs) {
      // Only the first one waits for an endpoint that hangs; until it answers again the others go on.
      if (failure) void refresh()
      else await refresh()
    }
    try {
      return await keySet(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || age() < cooldownMs) throw error
      const unavailable = await refresh()
      if (unavailable) throw unavailable
      return keySet(header, token)
    }
  }
}
