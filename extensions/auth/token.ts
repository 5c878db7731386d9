import { errors, jwtVerify, type JWTVerifyOptions } from 'jose'
import { z } from 'zod'
import { CodraftError } from '../errors.ts'
import { createKeySet, type KeySetOptions } from './key-set.ts'
import { roles, type DocumentRoles } from './roles.ts'

/** Who a token speaks for, and what it grants. */
export interface Identity {
  readonly userId: string
  readonly name?: string
  readonly email?: string
  /** Roles by document; absent when the application keeps permissions elsewhere. */
  readonly documents?: DocumentRoles
  /** From this moment the token is refused: its `exp` plus the leeway, epoch ms. Absent when it never expires. */
  readonly expiresAt?: number
}

/**
 * Verifies an access token.
 *
 * @throws {CodraftError} CODRAFT_TOKEN_MISSING, CODRAFT_TOKEN_INVALID, CODRAFT_TOKEN_EXPIRED (also when the token is
 *   not valid yet), or CODRAFT_AUTH_UNAVAILABLE, after which the same token may be tried again
 */
export type TokenVerifier = (token: string) => Promise<Identity>

interface SecretOptions {
  /** Shared secret of HS256, at least 32 bytes. */
  readonly secret: string | Uint8Array
  readonly jwksUrl?: never
}

interface KeySetVerifierOptions extends KeySetOptions {
  /** Accepted signature algorithms; asymmetric ones only. */
  readonly algorithms: readonly string[]
  readonly secret?: never
}

export type TokenVerifierOptions = (SecretOptions | KeySetVerifierOptions) & {
  /** Required `iss` claim. */
  readonly issuer?: string | undefined
  /** Required `aud` claim. */
  readonly audience?: string | undefined
  /** Clock difference tolerated in `exp` and `nbf`, seconds. @default 5 */
  readonly leewaySeconds?: number
}

/** A longer token is refused unread. */
const maxTokenLength = 64 * 1024

/** A secret of HS256 must be as long as its hash (RFC 7518, section 3.2). */
const minSecretBytes = 32

const role = z.enum(roles)

/** The claims that codraft reads. Other claims are left alone. */
export const claimsSchema = z.object({
  sub: z.string().min(1).max(255),
  name: z.string().max(200).optional(),
  email: z.string().max(320).optional(),
  documents: z.record(z.string().min(1).max(256), role).optional(),
})

/** What a claim must be, in words that are safe to send to a client: they never repeat what the token says. */
const claimRules: Readonly<Record<string, string>> = {
  sub: 'claim "sub" must be a text of 1 to 255 characters',
  name: 'claim "name" must be a text of at most 200 characters',
  email: 'claim "email" must be a text of at most 320 characters',
  documents: `claim "documents" must map document names to ${roles.join(', ')}`,
}

/** The rule that the claims break first. */
export const brokenClaimRule = (error: z.ZodError): string =>
  claimRules[String(error.issues[0]?.path[0])] ?? 'the claims must be an object'

/**
 * Makes the function that verifies access tokens: JWT, signed with HS256 and the secret, or with one of the pinned
 * algorithms and a key of the key set.
 *
 * @throws {CodraftError} CODRAFT_CONFIG_INVALID when the secret is too short or an algorithm is not asymmetric
 */
export const createTokenVerifier = (options: TokenVerifierOptions): TokenVerifier => {
  const { issuer, audience, leewaySeconds = 5 } = options
  const key = options.secret === undefined ? createKeySet(options) : secretBytes(options.secret)
  const checks: JWTVerifyOptions = {
    algorithms: options.secret === undefined ? pinned(options.algorithms) : ['HS256'],
    clockTolerance: leewaySeconds,
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  }

  return async (token) => {
    if (token === '') throw new CodraftError('CODRAFT_TOKEN_MISSING')
    if (token.length > maxTokenLength) {
      throw new CodraftError('CODRAFT_TOKEN_INVALID', `the token is longer than ${maxTokenLength} characters`)
    }
    const { payload } = await jwtVerify(token, key, checks).catch((error: unknown) => {
      throw toCodraftError(error)
    })
    const claims = claimsSchema.safeParse(payload)
    if (!claims.success) throw new CodraftError('CODRAFT_TOKEN_INVALID', brokenClaimRule(claims.error))
    const { sub, name, email, documents } = claims.data
    return {
      userId: sub,
      ...(name === undefined ? {} : { name }),
      ...(email === undefined ? {} : { email }),
      ...(documents === undefined ? {} : { documents }),
      ...(payload.exp === undefined ? {} : { expiresAt: (payload.exp + leewaySeconds) * 1000 }),
    }
  }
}

const secretBytes = (secret: string | Uint8Array): Uint8Array => {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  if (bytes.length < minSecretBytes) {
    throw new CodraftError('CODRAFT_CONFIG_INVALID', `the secret must be at least ${minSecretBytes} bytes`)
  }
  return bytes
}

/** A symmetric algorithm here would let anybody sign with the public key as the secret. */
const pinned = (algorithms: readonly string[]): string[] => {
  const unfit = algorithms.filter(
    (algorithm) => !/^(?:RS|PS|ES)\d{3}$|^EdDSA$|^Ed25519$|^ML-DSA-\d\d$/.test(algorithm),
  )
  if (algorithms.length === 0 || unfit.length > 0) {
    throw new CodraftError(
      'CODRAFT_CONFIG_INVALID',
      `the algorithms of a key set must be asymmetric and at least one: ${algorithms.join(', ') || 'none given'}`,
    )
  }
  return [...algorithms]
}

/** The errors of jose are not kept as `cause`: they carry the claims, and causes are logged. */
const toCodraftError = (error: unknown): unknown => {
  if (error instanceof errors.JWTExpired)
    return new CodraftError('CODRAFT_TOKEN_EXPIRED', 'the token has expired')
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'nbf' && error.reason === 'check_failed') {
      return new CodraftError('CODRAFT_TOKEN_EXPIRED', 'the token is not valid yet')
    }
    return new CodraftError(
      'CODRAFT_TOKEN_INVALID',
      `claim "${error.claim}" ${claimProblems[error.reason] ?? 'is wrong'}`,
    )
  }
  if (error instanceof errors.JOSEError) {
    return new CodraftError('CODRAFT_TOKEN_INVALID', problems[error.code] ?? 'the token is not a signed JWT')
  }
  return error
}

const claimProblems: Readonly<Record<string, string>> = {
  missing: 'is missing',
  invalid: 'is malformed',
  check_failed: 'is not the required one',
}

const problems: Readonly<Record<string, string>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'the signature algorithm is not allowed',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'the signature is wrong',
  ERR_JWKS_NO_MATCHING_KEY: 'no key of the key set fits the token',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'several keys of the key set fit: the token must name one ("kid")',
}
