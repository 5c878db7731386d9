import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type CryptoKey,
  type GenerateKeyPairResult,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { CodraftError } from '../errors.ts'
import type { KeySetOptions } from './key-set.ts'
import { createTokenVerifier } from './token.ts'

const keySet = { jwksUrl: 'http://keys.test/jwks.json', algorithms: ['ES256'] }

const sign = (
  claims: JWTPayload,
  key: Uint8Array | CryptoKey,
  header: JWTHeaderParameters = { alg: 'HS256' },
) => new SignJWT(claims).setProtectedHeader(header).sign(key)

const refusal = async (token: string, options: Partial<KeySetOptions> = {}): Promise<CodraftError> => {
  const error = await createTokenVerifier({ ...keySet, ...options })(token).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof CodraftError)) throw new Error(`not refused with a coded error: ${String(error)}`)
  return error
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe('a key set', () => {
  let pair: GenerateKeyPairResult
  let rotated: GenerateKeyPairResult

  const serve = (answer: () => Response | Promise<Response>) => {
    const fetch = vi.fn<typeof globalThis.fetch>(async () => answer())
    vi.stubGlobal('fetch', fetch)
    return fetch
  }
  const keysOf = async (...pairs: [string, GenerateKeyPairResult][]): Promise<Response> =>
    Response.json({
      keys: await Promise.all(
        pairs.map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid, alg: 'ES256' })),
      ),
    })
  const token = (kid = 'one', { privateKey } = pair, alg = 'ES256') =>
    sign({ sub: 'u1' }, privateKey, { alg, kid })
  const down = (): Response => {
    throw new TypeError('fetch failed')
  }

  beforeAll(async () => {
    pair = await generateKeyPair('ES256', { extractable: true })
    rotated = await generateKeyPair('ES256', { extractable: true })
  })

  it('verifies, and fetches the set once', async () => {
    const fetch = serve(() => keysOf(['one', pair]))
    const verify = createTokenVerifier(keySet)
    const both = await Promise.all([verify(await token()), verify(await token())])
    expect(both).toEqual([{ userId: 'u1' }, { userId: 'u1' }])
    await verify(await token())
    expect(fetch).toHaveBeenCalledTimes(1)
  })

  it.each([
    [
      'of an HMAC with the public key as the secret',
      async () => sign({ sub: 'u1' }, new TextEncoder().encode(await exportSPKI(pair.publicKey))),
    ],
    [
      'of the same, with the key id',
      async () =>
        sign({ sub: 'u1' }, new TextEncoder().encode(JSON.stringify(await exportJWK(pair.publicKey))), {
          alg: 'HS256',
          kid: 'one',
        }),
    ],
    ['without a signature', async () => new UnsecuredJWT({ sub: 'u1' }).encode()],
    ['of an algorithm that is not pinned', async () => token('one', await generateKeyPair('ES384'), 'ES384')],
    ['of another key under the known id', async () => token('one', rotated)],
    ['of an unknown key', async () => token('two', rotated)],
  ])('refuses a token %s', async (_what, makeToken) => {
    serve(() => keysOf(['one', pair]))
    expect((await refusal(await makeToken())).errorCode).toBe('CODRAFT_TOKEN_INVALID')
  })

  it('finds a new key, but looks no more often than the cooldown allows', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let keys = () => keysOf(['one', pair])
    const fetch = serve(() => keys())
    const verify = createTokenVerifier(keySet)
    await verify(await token())
    keys = () => keysOf(['two', rotated])
    await expect(verify(await token('two', rotated))).rejects.toThrow('no key of the key set fits')
    expect(fetch).toHaveBeenCalledTimes(1)
    vi.setSystemTime(Date.now() + 30_000)
    await expect(verify(await token('two', rotated))).resolves.toEqual({ userId: 'u1' })
    await expect(verify(await token('one'))).rejects.toThrow('no key of the key set fits')
    expect(fetch).toHaveBeenCalledTimes(2)
  })

  it.each<[string, () => Response | Promise<Response>]>([
    ['refuses the connection', down],
    ['answers 500', () => new Response('', { status: 500 })],
    ['answers no JSON', () => new Response('<html>')],
    ['answers no key set', () => Response.json({ keys: 'none' })],
  ])('tells an endpoint that %s from a wrong token', async (_what, answer) => {
    serve(answer)
    const error = await refusal(await token())
    expect(error).toMatchObject({ errorCode: 'CODRAFT_AUTH_UNAVAILABLE', status: 503, code: 4503 })
  })

  it('does not wait for an endpoint that hangs', async () => {
    vi.stubGlobal(
      'fetch',
      (_url: string, { signal }: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    )
    const error = await refusal(await token(), { timeoutMs: 20 })
    expect(error.errorCode).toBe('CODRAFT_AUTH_UNAVAILABLE')
  })

  it('does not pass a storm on to an endpoint that is down, and recovers', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let keys: () => Response | Promise<Response> = down
    const fetch = serve(() => keys())
    const verify = createTokenVerifier(keySet)
    for (let attempt = 0; attempt < 20; attempt++) {
      await expect(verify(await token())).rejects.toThrow('CODRAFT_AUTH_UNAVAILABLE')
    }
    expect(fetch).toHaveBeenCalledTimes(1)
    keys = () => keysOf(['one', pair])
    vi.setSystemTime(Date.now() + 1_000)
    await expect(verify(await token())).resolves.toEqual({ userId: 'u1' })
  })

  it('goes on with the keys at hand while the endpoint is down, for an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let keys: () => Response | Promise<Response> = () => keysOf(['one', pair])
    serve(() => keys())
    const verify = createTokenVerifier(keySet)
    await verify(await token())
    keys = down
    vi.setSystemTime(Date.now() + 3_600_000)
    await expect(verify(await token())).resolves.toEqual({ userId: 'u1' })
    await expect(verify(await token('two', rotated))).rejects.toThrow('CODRAFT_AUTH_UNAVAILABLE')
    vi.setSystemTime(Date.now() + 1_000)
    await expect(verify(await token())).rejects.toThrow('CODRAFT_AUTH_UNAVAILABLE')
  })

  it('lets one token wait for an endpoint that hangs, not the following ones', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let keys: () => Response | Promise<Response> = () => keysOf(['one', pair])
    serve(() => keys())
    const verify = createTokenVerifier(keySet)
    await verify(await token())
    vi.setSystemTime(Date.now() + 600_001)
    keys = down
    await verify(await token())
    vi.setSystemTime(Date.now() + 1_000)
    let answer = (_response: Response) => {}
    keys = () => new Promise((resolve) => (answer = resolve))
    await expect(verify(await token())).resolves.toEqual({ userId: 'u1' })
    answer(await keysOf(['two', rotated]))
    await vi.waitFor(async () => {
      await expect(verify(await token('two', rotated))).resolves.toEqual({ userId: 'u1' })
    })
  })

  it('drops a withdrawn key at the next refresh', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let keys = () => keysOf(['one', pair])
    serve(() => keys())
    const verify = createTokenVerifier(keySet)
    await verify(await token())
    keys = () => keysOf(['two', rotated])
    vi.setSystemTime(Date.now() + 600_001)
    await expect(verify(await token())).rejects.toThrow('no key of the key set fits')
  })

  it.each([[['HS256']], [['RS256', 'none']], [[]]])('refuses the algorithms %j', (algorithms) => {
    expect(() => createTokenVerifier({ ...keySet, algorithms })).toThrow('CODRAFT_CONFIG_INVALID')
  })
})
