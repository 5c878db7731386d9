import { SignJWT } from 'jose'
import { brokenClaimRule, claimsSchema, type DocumentRoles } from '../../extensions/auth/index.ts'
import { CodraftError } from '../../extensions/errors.ts'

export interface TokenRequest {
  /** Secret of HS256, at least 32 bytes. */
  readonly secret: string
  readonly issuer?: string | undefined
  readonly audience?: string | undefined
  readonly user: {
    readonly id: string
    readonly name?: string | undefined
    readonly email?: string | undefined
  }
  /** Roles by document name, or by a prefix that ends in `*`; undefined leaves them to the store of the server. */
  readonly documents: DocumentRoles | undefined
  readonly ttlSeconds: number
}

export interface IssuedToken {
  readonly token: string
  /** The `exp` claim, epoch ms. */
  readonly expiresAt: number
}

/** Guests of the page: ids that no application can claim, as only this server signs tokens where guests are let in. */
const guestPrefix = 'guest:'

export const guestIdOf = (user: string): string => guestPrefix + user
export const isGuestId = (userId: string): boolean => userId.startsWith(guestPrefix)

/**
 * Signs an access token, valid from now.
 *
 * @throws {CodraftError} CODRAFT_REQUEST_INVALID when the server would refuse such a token
 */
export const issueToken = async (request: TokenRequest): Promise<IssuedToken> => {
  const { secret, issuer, audience, user, documents, ttlSeconds } = request
  const claims = claimsSchema.safeParse({ sub: user.id, name: user.name, email: user.email, documents })
  if (!claims.success) throw new CodraftError('CODRAFT_REQUEST_INVALID', brokenClaimRule(claims.error))
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1) {
    throw new CodraftError(
      'CODRAFT_REQUEST_INVALID',
      'the lifetime must be a whole number of seconds, at least 1',
    )
  }

  const issuedAt = Math.floor(Date.now() / 1000)
  const jwt = new SignJWT(claims.data)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds)
  if (issuer !== undefined) jwt.setIssuer(issuer)
  if (audience !== undefined) jwt.setAudience(audience)
  return {
    token: await jwt.sign(new TextEncoder().encode(secret)),
    expiresAt: (issuedAt + ttlSeconds) * 1000,
  }
}
