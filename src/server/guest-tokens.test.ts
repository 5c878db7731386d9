import { expect, it } from 'vitest'
import { createTokenVerifier } from '../../extensions/auth/index.ts'
import { issueToken } from './guest-tokens.ts'

const request = {
  secret: 'a secret of the tests, thirty-two bytes or more',
  user: { id: 'u1' },
  documents: { 'notes/*': 'editor' },
  ttlSeconds: 60,
} as const

it('issues a token that the verifier accepts', async () => {
  const user = { id: 'u1', name: 'Ann', email: 'ann@example.org' }
  const { token, expiresAt } = await issueToken({ ...request, issuer: 'codraft', audience: 'editors', user })
  const verify = createTokenVerifier({
    secret: request.secret,
    issuer: 'codraft',
    audience: 'editors',
    leewaySeconds: 0,
  })
  expect(await verify(token)).toEqual({
    userId: 'u1',
    name: 'Ann',
    email: 'ann@example.org',
    documents: { 'notes/*': 'editor' },
    expiresAt,
  })
  expect(expiresAt).toBeGreaterThan(Date.now() + 58_000)
  expect(expiresAt).toBeLessThanOrEqual(Date.now() + 60_000)
})

it.each([
  ['an empty user id', { user: { id: '' } }, 'claim "sub"'],
  ['a long name', { user: { id: 'u1', name: 'x'.repeat(201) } }, 'claim "name"'],
  ['no lifetime', { ttlSeconds: 0 }, 'the lifetime'],
  ['half a second', { ttlSeconds: 0.5 }, 'the lifetime'],
])('refuses %s', async (_what, wrong, message) => {
  await expect(issueToken({ ...request, ...wrong })).rejects.toThrow(`CODRAFT_REQUEST_INVALID: ${message}`)
})
