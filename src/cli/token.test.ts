import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CommanderError } from 'commander'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createTokenVerifier } from '../../extensions/auth/index.ts'
import { loadOrCreateSecret } from '../secret.ts'
import { tokenCommand } from './token.ts'

const secret = 'a secret of the tests, thirty-two bytes or more'
const names = ['AUTH_JWT_SECRET', 'AUTH_JWKS_URL', 'AUTH_JWT_ISSUER', 'AUTH_JWT_AUDIENCE']
let dataDir: string

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'codraft-'))
  for (const name of names) vi.stubEnv(name, '')
  vi.stubEnv('CODRAFT_DATA_DIR', dataDir)
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Runs `codraft token` with these arguments. */
const run = async (...args: string[]) => {
  const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  let errors = ''
  const command = tokenCommand()
    .exitOverride()
    .configureOutput({ writeErr: (text) => (errors += text) })
  const exitCode = await command.parseAsync(args, { from: 'user' }).then(
    () => 0,
    (error: unknown) => {
      if (error instanceof CommanderError) return error.exitCode
      throw error
    },
  )
  return { lines: printed.mock.calls.map(([line]) => String(line)), errors, exitCode }
}

const ask = ['--user', 'u1', '--document', 'notes=editor']

it('prints one token, signed with the configured secret', async () => {
  vi.stubEnv('AUTH_JWT_SECRET', secret)
  vi.stubEnv('AUTH_JWT_ISSUER', 'me')
  vi.stubEnv('AUTH_JWT_AUDIENCE', 'you')
  const about = [
    '--name',
    'Ann',
    '--email',
    'ann@example.org',
    '--document',
    'a=b=viewer',
    '--document',
    'team/*=owner',
  ]
  const { lines, exitCode } = await run(...ask, ...about, '--ttl', '30m')
  expect(exitCode).toBe(0)
  expect(lines).toHaveLength(1)
  const verify = createTokenVerifier({ secret, issuer: 'me', audience: 'you', leewaySeconds: 0 })
  const identity = await verify(lines[0] ?? '')
  expect(identity).toMatchObject({
    userId: 'u1',
    name: 'Ann',
    email: 'ann@example.org',
    documents: { notes: 'editor', 'a=b': 'viewer', 'team/*': 'owner' },
  })
  expect(Math.abs((identity.expiresAt ?? 0) - Date.now() - 30 * 60_000)).toBeLessThan(2_000)
  expect(readdirSync(dataDir)).toEqual([])
})

it.each([
  ['90', 90],
  ['45s', 45],
  ['2h', 7_200],
  ['7d', 604_800],
])('takes a lifetime of %s', async (ttl, seconds) => {
  const { lines } = await run(...ask, '--ttl', ttl)
  const { expiresAt } = await createTokenVerifier({ secret: loadOrCreateSecret(dataDir), leewaySeconds: 0 })(
    lines[0] ?? '',
  )
  expect(Math.abs((expiresAt ?? 0) - Date.now() - seconds * 1000)).toBeLessThan(2_000)
})

it.each([
  ['no user', ['--document', 'notes=editor'], "required option '--user <id>'"],
  ['no document', ['--user', 'u1'], "required option '--document <name=role>'"],
  [
    'an unknown role',
    ['--user', 'u1', '--document', 'notes=admin'],
    'a role: owner, editor, commenter, viewer',
  ],
  ['no role', ['--user', 'u1', '--document', 'notes'], 'a role: owner, editor, commenter, viewer'],
  ['no document name', ['--user', 'u1', '--document', '=viewer'], 'Give a document name'],
  ['a lifetime of 0', [...ask, '--ttl', '0h'], 'Give a number above 0'],
  ['a strange lifetime', [...ask, '--ttl', '1 week'], 'Give a number above 0'],
  ['a long user id', ['--user', 'x'.repeat(256), '--document', 'a=owner'], 'claim "sub" must be'],
])('refuses %s', async (_what, args, message) => {
  const { lines, errors, exitCode } = await run(...args)
  expect(errors).toContain(message)
  expect(exitCode).toBe(1)
  expect(lines).toEqual([])
})

it('refuses to sign for an identity provider', async () => {
  vi.stubEnv('AUTH_JWKS_URL', 'https://idp.example.org/jwks.json')
  const { errors, exitCode } = await run(...ask)
  expect(errors).toContain('AUTH_JWKS_URL is set')
  expect(exitCode).toBe(1)
  expect(readdirSync(dataDir)).toEqual([])
})

it('names a bad setting', async () => {
  vi.stubEnv('AUTH_JWT_SECRET', 'short')
  const { errors, exitCode } = await run(...ask)
  expect(errors).toContain('AUTH_JWT_SECRET must be at least 32 bytes')
  expect(errors).not.toContain('short ')
  expect(exitCode).toBe(1)
})
