import { createHmac, randomBytes } from 'node:crypto'
import { SignJWT, UnsecuredJWT, type JWTPayload } from 'jose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { CodraftError } from '../errors.ts'
import { createTokenVerifier, type TokenVerifierOptions } from './token.ts'

const secret = 'a secret of the tests, thirty-two bytes or more'
const secretKey = new TextEncoder().encode(secret)
const now = () => Math.floor(Date.now() / 1000)

const sign = (claims: JWTPayload, key: Uint8Array = secretKey, header = { alg: 'HS256' }) =>
  new SignJWT(claims).setProtectedHeader(header).sign(key)

const refusal = async (token: string, options: Partial<TokenVerifierOptions> = {}): Promise<CodraftError> => {
  const verify = createTokenVerifier({ secret, ...options } as TokenVerifierOptions)
  const error = await verify(token).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof CodraftError)) throw new Error(`not refused with a coded error: ${String(error)}`)
  return error
}

afterEach(() => {
  vi.useRealTimers()
})

describe('with a secret', () => {
  it('gives the identity', async () => {
    const exp = now() + 60
    const documents = { 'notes/*': 'editor' }
    const token = await sign({ sub: 'u1', name: 'Ann', email: 'ann@example.org', documents, exp, other: 1 })
    expect(await createTokenVerifier({ secret })(token)).toEqual({
      userId: 'u1',
      name: 'Ann',
      email: 'ann@example.org',
      documents,
      expiresAt: (exp + 5) * 1000,
    })
  })

  it('needs the subject only', async () => {
    expect(await createTokenVerifier({ secret: secretKey })(await sign({ sub: 'u1' }))).toEqual({
      userId: 'u1',
    })
  })

  it('drops a grant for __proto__', async () => {
    const token = await sign({
      sub: 'u1',
      documents: JSON.parse('{"__proto__":"owner","a":"viewer"}') as object,
    })
    const { documents } = await createTokenVerifier({ secret })(token)
    expect(Object.entries(documents ?? {})).toEqual([['a', 'viewer']])
    expect(Object.getPrototypeOf(documents)).toBe(Object.prototype)
  })

  it('tolerates the leeway and no more', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const options = { secret, leewaySeconds: 10 }
    const token = await sign({ sub: 'u1', exp: now() })
    const { expiresAt } = await createTokenVerifier(options)(token)
    vi.setSystemTime((expiresAt ?? 0) - 1)
    await expect(createTokenVerifier(options)(token)).resolves.toMatchObject({ userId: 'u1' })
    vi.setSystemTime(expiresAt ?? 0)
    await expect(createTokenVerifier(options)(token)).rejects.toThrow('CODRAFT_TOKEN_EXPIRED')
  })

  it.each<[string, () => string | Promise<string>, string, Partial<TokenVerifierOptions>?]>([
    ['an empty token', () => '', 'CODRAFT_TOKEN_MISSING'],
    [
      'an expired token',
      () => sign({ sub: 'u1', exp: now() - 60 }),
      'CODRAFT_TOKEN_EXPIRED: the token has expired',
    ],
    [
      'a token of the future',
      () => sign({ sub: 'u1', nbf: now() + 60 }),
      'CODRAFT_TOKEN_EXPIRED: the token is not valid yet',
    ],
    [
      'a wrong secret',
      () => sign({ sub: 'u1' }, randomBytes(32)),
      'CODRAFT_TOKEN_INVALID: the signature is wrong',
    ],
    ['alg none', () => new UnsecuredJWT({ sub: 'u1' }).encode(), 'CODRAFT_TOKEN_INVALID: '],
    [
      'another HMAC',
      () => sign({ sub: 'u1' }, randomBytes(64), { alg: 'HS512' }),
      'CODRAFT_TOKEN_INVALID: the signature algorithm is not allowed',
    ],
    [
      'a wrong issuer',
      () => sign({ sub: 'u1', iss: 'b' }),
      'CODRAFT_TOKEN_INVALID: claim "iss" is not the required one',
      { issuer: 'a' },
    ],
    [
      'no issuer',
      () => sign({ sub: 'u1' }),
      'CODRAFT_TOKEN_INVALID: claim "iss" is missing',
      { issuer: 'a' },
    ],
    [
      'a wrong audience',
      () => sign({ sub: 'u1', aud: ['b', 'c'] }),
      'CODRAFT_TOKEN_INVALID: claim "aud" is not the required one',
      { audience: 'a' },
    ],
    [
      'a malformed expiry',
      () => sign({ sub: 'u1', exp: 'soon' as unknown as number }),
      'CODRAFT_TOKEN_INVALID: claim "exp" is malformed',
    ],
    ['no subject', () => sign({ name: 'Ann' }), 'CODRAFT_TOKEN_INVALID: claim "sub" must be'],
    ['an empty subject', () => sign({ sub: '' }), 'CODRAFT_TOKEN_INVALID: claim "sub" must be'],
    ['a long subject', () => sign({ sub: 'x'.repeat(256) }), 'CODRAFT_TOKEN_INVALID: claim "sub" must be'],
    [
      'a long name',
      () => sign({ sub: 'u1', name: 'x'.repeat(201) }),
      'CODRAFT_TOKEN_INVALID: claim "name" must be',
    ],
    [
      'a malformed e-mail',
      () => sign({ sub: 'u1', email: 7 }),
      'CODRAFT_TOKEN_INVALID: claim "email" must be',
    ],
    [
      'an unknown role',
      () => sign({ sub: 'u1', documents: { a: 'admin' } }),
      'CODRAFT_TOKEN_INVALID: claim "documents" must',
    ],
    [
      'a list of documents',
      () => sign({ sub: 'u1', documents: ['a'] }),
      'CODRAFT_TOKEN_INVALID: claim "documents" must',
    ],
    [
      'a document without a name',
      () => sign({ sub: 'u1', documents: { '': 'owner' } }),
      'CODRAFT_TOKEN_INVALID: claim "documents" must',
    ],
    ['garbage', () => 'garbage', 'CODRAFT_TOKEN_INVALID: the token is not a signed JWT'],
    ['three dots', () => '...', 'CODRAFT_TOKEN_INVALID: the token is not a signed JWT'],
    ['control characters', () => '\0\u{1F600}.\n.\r', 'CODRAFT_TOKEN_INVALID: the token is not a signed JWT'],
    [
      'a huge token',
      () => sign({ sub: 'u1', fill: 'x'.repeat(1 << 20) }),
      'CODRAFT_TOKEN_INVALID: the token is longer than',
    ],
  ])('refuses %s', async (_what, makeToken, message, options) => {
    const token = await makeToken()
    const error = await refusal(token, options)
    expect(error.message).toMatch(new RegExp(`^${message}`))
    expect(error.cause).toBeUndefined()
    for (const part of token.split('.').filter((part) => part.length > 8)) {
      expect(`${error.message} ${error.reason} ${error.stack}`).not.toContain(part)
    }
  })

  it('refuses a token that was changed', async () => {
    const [header, , signature] = (await sign({ sub: 'u1' })).split('.')
    const forged = Buffer.from(JSON.stringify({ sub: 'u2' })).toString('base64url')
    expect((await refusal(`${header}.${forged}.${signature}`)).message).toContain('the signature is wrong')
  })

  it('refuses a payload that is no object', async () => {
    const head = `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${Buffer.from('[1]').toString('base64url')}`
    const token = `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
    expect((await refusal(token)).errorCode).toBe('CODRAFT_TOKEN_INVALID')
  })

  it('refuses a short secret', () => {
    expect(() => createTokenVerifier({ secret: 'short' })).toThrow('CODRAFT_CONFIG_INVALID')
  })
})
