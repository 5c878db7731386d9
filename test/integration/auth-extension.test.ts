import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HocuspocusProvider } from '@hocuspocus/provider'
import { Server, type Connection, type Extension } from '@hocuspocus/server'
import { createDecoder, readVarInt, readVarString, readVarUint } from 'lib0/decoding'
import { exportJWK, generateKeyPair, SignJWT, type GenerateKeyPairResult } from 'jose'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Auth, createTokenVerifier, type AuthContext, type AuthOptions } from '../../extensions/auth/index.ts'
import type { DocumentRoles, Role } from '../../extensions/auth/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import { issueToken } from '../../src/server/guest-tokens.ts'

const secret = 'a secret of the tests, thirty-two bytes or more'
const verify = createTokenVerifier({ secret, leewaySeconds: 0 })

const tokenFor = async (id: string, documents: DocumentRoles, ttlSeconds = 600): Promise<string> =>
  (await issueToken({ secret, user: { id }, documents, ttlSeconds })).token

const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 10_000, interval: 10 })

let cleanups: (() => unknown)[]
beforeEach(() => {
  cleanups = []
  // Hocuspocus writes every refusal to the console.
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
  vi.restoreAllMocks()
})

const start = async (options: Partial<AuthOptions> = {}, extensions: Extension[] = []) => {
  const auth = new Auth({ verify, ...options })
  const server = new Server({
    port: 0,
    address: '127.0.0.1',
    quiet: true,
    stopOnSignals: false,
    extensions: [auth, ...extensions],
  })
  await server.listen()
  cleanups.push(async () => {
    await until(() => server.hocuspocus.getDocumentsCount() === 0)
    await server.destroy()
  })

  const connect = (token: string | (() => Promise<string>), name = 'notes') => {
    const closes: string[] = []
    const refusals: string[] = []
    const provider = new HocuspocusProvider({
      url: `ws://127.0.0.1:${server.address.port}`,
      name,
      token,
      onClose: ({ event }) => closes.push(event.reason),
      onAuthenticationFailed: ({ reason }) => refusals.push(reason),
    })
    cleanups.push(() => provider.destroy())
    const text = provider.document.getText()
    return { provider, text, closes, refusals }
  }

  /** What the server holds. */
  const stored = (name = 'notes') => server.hocuspocus.documents.get(name)?.getText().toJSON()
  /** The connection of a user, as the server sees it. */
  const connectionOf = (id: string, name = 'notes'): Connection<AuthContext> | undefined =>
    server.hocuspocus.documents
      .get(name)
      ?.getConnections()
      .find((connection) => (connection.context as AuthContext).user.id === id)
  return { server, auth, connect, stored, connectionOf }
}

it('does not apply the edit of a viewer', async () => {
  const { connect, stored, connectionOf } = await start()
  const editor = connect(await tokenFor('ed', { 'no*': 'editor' }))
  const viewer = connect(await tokenFor('vi', { notes: 'viewer' }))
  await until(() => editor.provider.synced && viewer.provider.synced)
  expect(viewer.provider.authorizedScope).toBe('readonly')
  expect(connectionOf('vi')?.context).toMatchObject({ user: { id: 'vi' }, role: 'viewer' })

  const refused = refusedEdit(viewer.provider)
  viewer.text.insert(0, 'mine')
  await refused
  editor.text.insert(0, 'ours')
  await until(() => viewer.text.toJSON().includes('ours'))
  expect(stored()).toBe('ours')
  expect(editor.text.toJSON()).toBe('ours')
  expect(viewer.provider.hasUnsyncedChanges).toBe(true)
})

it.each([
  ['no token', async () => '', 'CODRAFT_TOKEN_MISSING'],
  ['an expired token', () => signed({ sub: 'u', exp: 1 }), 'CODRAFT_TOKEN_EXPIRED: the token has expired'],
  ['a token of another document', () => tokenFor('u', { other: 'owner' }), 'CODRAFT_DOCUMENT_FORBIDDEN'],
  ['a token without grants', () => signed({ sub: 'u' }), 'CODRAFT_DOCUMENT_FORBIDDEN'],
])('tells a client with %s why it is refused', async (_what, token, reason) => {
  const { server, connect } = await start()
  const { provider, refusals } = connect(await token())
  await until(() => refusals.length > 0)
  expect(refusals).toEqual([reason])
  expect(provider.synced).toBe(false)
  expect(server.hocuspocus.getDocumentsCount()).toBe(0)
})

it('gives a token without grants the default role', async () => {
  const { connect } = await start({ defaultRole: 'viewer' })
  const { provider } = connect(await signed({ sub: 'u' }))
  await until(() => provider.synced)
  expect(provider.authorizedScope).toBe('readonly')
})

it('has a short token renewed again and again in mid-connection', async () => {
  const { connect, stored } = await start()
  let issued = 0
  const client = connect(async () => {
    issued++
    return tokenFor('ed', { notes: 'editor' }, 2)
  })
  await until(() => client.provider.synced)
  await until(() => issued >= 4)
  client.text.insert(0, 'still here')
  await until(() => stored() === 'still here')
  expect(client.closes).toEqual([])
})

it('closes a connection whose token expires, and forgets one that has left', async () => {
  const expired: string[] = []
  const { server, connect, stored } = await start({
    onExpired: ({ context }) => expired.push(context.user.id),
  })
  const leaving = connect(await tokenFor('leaves', { notes: 'editor' }, 2))
  const staying = connect(await tokenFor('stays', { notes: 'editor' }, 2))
  const other = connect(await tokenFor('other', { notes: 'viewer' }))
  await until(() => [staying, leaving, other].every(({ provider }) => provider.synced))
  leaving.provider.destroy()

  await until(() => staying.closes.length > 0)
  expect(staying.closes).toEqual(['CODRAFT_TOKEN_EXPIRED'])
  expect(expired).toEqual(['stays'])
  expect(server.hocuspocus.documents.get('notes')?.getConnectionsCount()).toBe(1)

  staying.text.insert(0, 'too late')
  await staying.provider.sendToken()
  await until(() => staying.refusals.length > 0)
  expect(staying.refusals[0]).toMatch(/^CODRAFT_TOKEN_EXPIRED/)
  expect(stored()).toBe('')
})

it('applies the role of a renewed token at once', async () => {
  const { connect, stored, connectionOf } = await start()
  let role: 'editor' | 'viewer' = 'editor'
  const client = connect(() => tokenFor('ed', { notes: role }))
  const other = connect(await tokenFor('other', { notes: 'editor' }))
  await until(() => client.provider.synced && other.provider.synced)
  client.text.insert(0, 'one ')
  await until(() => stored() === 'one ')

  role = 'viewer'
  connectionOf('ed')?.requestToken()
  await until(() => client.provider.authorizedScope === 'readonly')
  expect(connectionOf('ed')).toMatchObject({ readOnly: true, context: { role: 'viewer' } })
  const refused = refusedEdit(client.provider)
  client.text.insert(0, 'two ')
  await refused
  other.text.insert(0, 'three ')
  await until(() => client.text.toJSON().includes('three'))
  expect(stored()).toBe('three one ')

  role = 'editor'
  connectionOf('ed')?.requestToken()
  await until(() => client.provider.authorizedScope === 'read-write')
  client.provider.forceSync()
  await until(() => stored()?.includes('two'))
  expect(client.closes).toEqual([])
})

it.each([
  ['of another user', () => tokenFor('eve', { notes: 'owner' }), /^CODRAFT_TOKEN_INVALID: .* another user$/],
  ['without a role on the document', () => tokenFor('ed', {}), /^CODRAFT_DOCUMENT_FORBIDDEN$/],
  ['with a wrong signature', async () => `${await signed({ sub: 'ed' })}x`, /^CODRAFT_TOKEN_INVALID/],
])('closes a connection that renews with a token %s', async (_what, renewed, reason) => {
  const { connect, connectionOf } = await start()
  const tokens = [() => tokenFor('ed', { notes: 'editor' }), renewed]
  const client = connect(async () => (await tokens.shift()?.()) ?? '')
  await until(() => client.provider.synced)
  connectionOf('ed')?.requestToken()
  await until(() => client.closes.length > 0)
  expect(client.closes[0]).toMatch(reason)
  expect(connectionOf('ed')).toBeUndefined()
})

it('keeps a connection while tokens cannot be verified, and asks again', async () => {
  let calls = 0
  const { connect, connectionOf } = await start({
    verify: async (token) => {
      if (++calls === 2) throw new CodraftError('CODRAFT_AUTH_UNAVAILABLE')
      return verify(token)
    },
  })
  const client = connect(() => tokenFor('ed', { notes: 'editor' }, 5))
  await until(() => client.provider.synced)
  const expiresAt = connectionOf('ed')?.context.expiresAt ?? Infinity
  await until(() => calls === 2)
  expect(connectionOf('ed')?.context.expiresAt).toBe(expiresAt)
  await until(() => (connectionOf('ed')?.context.expiresAt ?? 0) > expiresAt)
  expect(client.closes).toEqual([])
})

it('follows the keys of a key set', async () => {
  const first = await generateKeyPair('RS256', { extractable: true })
  const second = await generateKeyPair('RS256', { extractable: true })
  const keySet = await serveKeys()
  await keySet.publish('first', first)
  const { connect, stored } = await start({
    verify: createTokenVerifier({
      jwksUrl: keySet.url,
      algorithms: ['RS256'],
      issuer: 'idp',
      audience: 'editors',
      cooldownMs: 0,
    }),
  })
  const token = (kid: string, { privateKey }: GenerateKeyPairResult) =>
    new SignJWT({ sub: kid, documents: { notes: 'editor' } })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setIssuer('idp')
      .setAudience('editors')
      .setExpirationTime('1h')
      .sign(privateKey)

  const before = connect(await token('first', first))
  await until(() => before.provider.synced)
  await keySet.publish('second', second)
  const after = connect(await token('second', second))
  await until(() => after.provider.synced)
  after.text.insert(0, 'new key')
  await until(() => stored() === 'new key')

  const withdrawn = connect(await token('first', first))
  await until(() => withdrawn.refusals.length > 0)
  expect(withdrawn.refusals[0]).toMatch(/^CODRAFT_TOKEN_INVALID: no key/)

  keySet.close()
  const unknown = connect(await token('third', second))
  await until(() => unknown.refusals.length > 0)
  expect(unknown.refusals[0]).toMatch(/^CODRAFT_AUTH_UNAVAILABLE/)
  const known = connect(await token('second', second))
  await until(() => known.provider.synced)
})

it('asks the server for roles, and follows their changes on open connections', async () => {
  const granted = new Map<string, Role>([
    ['ed', 'editor'],
    ['vi', 'viewer'],
  ])
  const openings: boolean[] = []
  const { auth, connect, stored } = await start({
    roleOf: ({ documentName, identity, isOpening }) => {
      openings.push(isOpening)
      return documentName === 'notes' ? granted.get(identity.userId) : undefined
    },
  })
  const ed = connect(await tokenFor('ed', { '*': 'viewer' }))
  const vi = connect(await tokenFor('vi', {}))
  await until(() => ed.provider.synced && vi.provider.synced)
  expect([ed.provider.authorizedScope, vi.provider.authorizedScope]).toEqual(['read-write', 'readonly'])
  expect(openings).toEqual([true, true])

  granted.delete('ed')
  granted.set('vi', 'editor')
  await auth.rolesChanged('other')
  expect(openings).toHaveLength(2)
  await auth.rolesChanged('notes')
  expect(openings).toEqual([true, true, false, false])
  await until(() => ed.closes.includes('CODRAFT_DOCUMENT_FORBIDDEN'))
  await until(() => vi.provider.authorizedScope === 'read-write')
  vi.text.insert(0, 'mine')
  ed.text.insert(0, 'lost')
  await until(() => stored() === 'mine')
})

it('closes a connection whose role cannot be read any more', async () => {
  let isAway = false
  const { auth, connect } = await start({
    roleOf: () => {
      if (isAway) throw new CodraftError('CODRAFT_STORE_UNAVAILABLE')
      return 'editor'
    },
  })
  const ed = connect(await tokenFor('ed', {}))
  await until(() => ed.provider.synced)
  isAway = true
  await auth.rolesChanged('notes', 'somebody else')
  expect(ed.closes).toEqual([])
  await auth.rolesChanged('notes', 'ed')
  await until(() => ed.closes.includes('CODRAFT_STORE_UNAVAILABLE'))
})

it('notices a change while a connection opens, whatever was read before', async () => {
  const opened = Promise.withResolvers<void>()
  const mayOpen = Promise.withResolvers<void>()
  let role: Role = 'editor'
  const slowStore = {
    extensionName: 'slow store',
    onLoadDocument: async () => {
      opened.resolve()
      await mayOpen.promise
    },
  }
  const { auth, connect, stored } = await start({ roleOf: () => role }, [slowStore])
  const { provider, text } = connect(await tokenFor('ed', {}))
  await opened.promise
  role = 'viewer'
  await auth.rolesChanged('notes', 'ed')
  mayOpen.resolve()
  await until(() => provider.synced && provider.authorizedScope === 'readonly')
  const refused = refusedEdit(provider)
  text.insert(0, 'mine')
  await refused
  expect(stored()).toBe('')
})

const signed = (claims: Record<string, unknown>) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret))

/** Resolves when the server has told this client that it did not apply an edit. */
const refusedEdit = (provider: HocuspocusProvider) =>
  new Promise<void>((resolve) => {
    const syncStatus = 8
    provider.on('message', ({ event }: { event: { data: ArrayBuffer } }) => {
      const decoder = createDecoder(new Uint8Array(event.data))
      readVarString(decoder)
      if (readVarUint(decoder) === syncStatus && readVarInt(decoder) === 0) resolve()
    })
  })

const serveKeys = async () => {
  let keys: object[] = []
  const http: HttpServer = createServer((_request, response) => response.end(JSON.stringify({ keys })))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const close = () => {
    http.closeAllConnections()
    http.close()
  }
  cleanups.push(close)
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/jwks.json`,
    /** Takes the place of the earlier key. */
    publish: async (kid: string, { publicKey }: GenerateKeyPairResult) => {
      keys = [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }]
    },
    close,
  }
}
