import type {
  Connection,
  connectedPayload,
  onAuthenticatePayload,
  onTokenSyncPayload,
} from '@hocuspocus/server'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Auth, identityOf, type AuthContext } from './Auth.ts'
import type { Identity } from './token.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const identity = (role: 'editor' | 'viewer', ttlMs: number): Identity => ({
  userId: 'u1',
  documents: { notes: role },
  expiresAt: Date.now() + ttlMs,
})

/** An authenticated connection as Hocuspocus hands it to hooks, as far as Auth looks at it. */
const connect = async (auth: Auth, token: string) => {
  const connectionConfig = { readOnly: false, isAuthenticated: false }
  const base = { documentName: 'notes', token, connectionConfig }
  const context: AuthContext = await auth.onAuthenticate(base as onAuthenticatePayload)
  const onClose: (() => void)[] = []
  let attached = true
  const connection = {
    context,
    readOnly: connectionConfig.readOnly,
    messageAddress: 'notes',
    document: { hasConnection: () => attached },
    onClose: (callback: () => void) => onClose.push(callback),
    send: vi.fn(),
    requestToken: vi.fn(),
    close: () => {
      attached = false
      for (const callback of onClose) callback()
    },
  }
  const payload = { ...base, connection: connection as unknown as Connection<AuthContext> }
  return {
    connection,
    connected: () => auth.connected(payload as unknown as connectedPayload<AuthContext>),
    renew: (token: string) =>
      auth.onTokenSync({ ...payload, token } as unknown as onTokenSyncPayload<AuthContext>),
  }
}

it('lets the token that was sent last win, whichever is verified first', async () => {
  const answers = new Map<string, (identity: Identity) => void>()
  const auth = new Auth({
    verify: (token) =>
      token === 'first'
        ? Promise.resolve(identity('editor', 60_000))
        : new Promise((resolve) => answers.set(token, resolve)),
  })
  const { connection, connected, renew } = await connect(auth, 'first')
  await connected()
  const renewals = [renew('second'), renew('third')]
  answers.get('third')?.(identity('viewer', 70_000))
  answers.get('second')?.(identity('editor', 80_000))
  await Promise.all(renewals)
  expect(connection).toMatchObject({ readOnly: true, context: { role: 'viewer' } })
  await auth.onDestroy()
})

it('forgets the expiry of the earlier token when the new one has none', async () => {
  const { expiresAt: _none, ...forever } = identity('editor', 0)
  const auth = new Auth({
    verify: async (token) => (token === 'first' ? identity('editor', 60_000) : forever),
  })
  const { connection, connected, renew } = await connect(auth, 'first')
  await connected()
  expect(vi.getTimerCount()).toBe(1)
  await renew('second')
  expect(connection.context.expiresAt).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})

it('keeps no timer for a connection that has left, or never quite came', async () => {
  const auth = new Auth({ verify: async () => identity('editor', 60_000) })
  const left = await connect(auth, 'token')
  await left.connected()
  left.connection.close()
  const early = await connect(auth, 'token')
  await early.renew('token')
  early.connection.close()
  await early.connected()
  expect(vi.getTimerCount()).toBe(0)
})

it('keeps no timer when the server is destroyed', async () => {
  const auth = new Auth({ verify: async () => identity('editor', 60_000) })
  await (await connect(auth, 'token')).connected()
  await auth.onDestroy()
  expect(vi.getTimerCount()).toBe(0)
})

it.each([undefined, null, 'text', {}, { user: null }, { user: { id: 1 } }])(
  'finds nobody in %j',
  (context) => {
    expect(identityOf(context)).toBeUndefined()
  },
)

it('finds the user of a context', () => {
  expect(identityOf({ user: { id: 'u1', name: 'Ann', email: 'a@b.c' }, role: 'owner' })).toEqual({
    userId: 'u1',
    name: 'Ann',
  })
  expect(identityOf({ user: { id: 'u1' } })).toEqual({ userId: 'u1' })
})
