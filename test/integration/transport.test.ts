import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as encoding from 'lib0/encoding'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import {
  authMessage,
  awarenessMessage,
  message,
  openRawSocket,
  step1Message,
  step2Message,
  updateMessage,
} from '../helpers/raw-socket.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { AUTH_DEADLINE_MS: '1500', MAX_DOCUMENTS_PER_CONNECTION: '3' } })
})
afterAll(() => server.close())

let counter = 0
const newName = (): string => `transport-${++counter}`

const rawSocket = (path: string): ReturnType<typeof openRawSocket> => openRawSocket(server, path)

describe('both wires serve the same document', () => {
  it('edits and cursors reach every kind of client', async () => {
    const name = newName()
    await using hocuspocus = await connectHocuspocus(server, name, { user: 'ada', name: 'Ada' })
    await using yWebsocket = await connectYWebsocket(server, name, { user: 'grace', name: 'Grace' })
    hocuspocus.text.insert(0, 'from one ')
    await expect.poll(() => yWebsocket.text.toJSON()).toBe('from one ')
    yWebsocket.text.insert(9, 'from the other')
    await expect.poll(() => hocuspocus.text.toJSON()).toBe('from one from the other')

    yWebsocket.provider.awareness.setLocalStateField('cursor', 5)
    hocuspocus.provider.setAwarenessField('cursor', 7)
    const cursors = (states: Map<number, { [key: string]: unknown }>): unknown[] =>
      [...states.values()].map((state) => state['cursor']).sort((a, b) => Number(a) - Number(b))
    await expect.poll(() => cursors(hocuspocus.provider.awareness!.getStates())).toEqual([5, 7])
    await expect.poll(() => cursors(yWebsocket.provider.awareness.getStates())).toEqual([5, 7])
  })

  it('several documents share one Hocuspocus socket, up to the limit', async () => {
    const token = await testToken('ada')
    const { socket, closed } = await rawSocket('/collab')
    for (const name of ['a', 'b', 'c', 'd']) socket.send(authMessage(newName() + name, token))
    expect(await closed).toEqual({ code: 4429, reason: 'CODRAFT_TOO_MANY_DOCUMENTS' })
  })

  it('a client that leaves, or hides its cursor, vanishes at once for the others', async () => {
    const name = newName()
    await using stays = await connectHocuspocus(server, name, { user: 'stays' })
    const names = (): unknown[] =>
      [...stays.provider.awareness!.getStates().values()].map(
        (state) => (state['user'] as { id: string })?.id,
      )
    {
      await using leaves = await connectHocuspocus(server, name, { user: 'leaves' })
      leaves.provider.setAwarenessField('cursor', 1)
      await expect.poll(names).toContain('leaves')
      leaves.provider.awareness!.setLocalState(null)
      await expect.poll(names).not.toContain('leaves')
      leaves.provider.awareness!.setLocalState({ cursor: 2 })
      await expect.poll(names).toContain('leaves')
    }
    await expect.poll(names).not.toContain('leaves')
  })
})

describe('identity', () => {
  it('a cursor carries the user of its token, whatever the client claims', async () => {
    const name = newName()
    await using honest = await connectHocuspocus(server, name, { user: 'honest' })
    await using liar = await connectHocuspocus(server, name, { user: 'liar', name: 'Liar' })
    liar.provider.setAwarenessField('user', { id: 'honest', name: 'Honest', color: '#f00' })
    const seen = (): unknown => honest.provider.awareness!.getStates().get(liar.document.clientID)?.['user']
    await expect.poll(seen).toEqual({ id: 'liar', name: 'Liar', color: '#f00' })
  })

  it('a state for the client of another user closes the forger', async () => {
    const name = newName()
    await using victim = await connectHocuspocus(server, name, { user: 'victim' })
    victim.provider.setAwarenessField('cursor', 1)
    await using forger = await connectHocuspocus(server, name, { user: 'forger' })
    const { clientID } = victim.document
    await expect.poll(() => forger.provider.awareness!.getStates().has(clientID)).toBe(true)
    const { socket, closed } = await rawSocket('/collab')
    socket.send(authMessage(name, await testToken('forger')))
    socket.send(
      awarenessMessage(
        name,
        encoding.encode((state) => {
          for (const value of [1, clientID, 1_000]) encoding.writeVarUint(state, value)
          encoding.writeVarString(state, '{"cursor":666}')
        }),
      ),
    )
    expect(await closed).toMatchObject({ code: 4403, reason: 'CODRAFT_IDENTITY_FORGED' })
    expect(forger.provider.awareness!.getStates().get(clientID)?.['cursor']).toBe(1)
  })
})

describe('a viewer', () => {
  it('reads, and its edits are refused on the Hocuspocus wire', async () => {
    const name = newName()
    await using editor = await connectHocuspocus(server, name)
    editor.text.insert(0, 'text')
    await using viewer = await connectHocuspocus(server, name, {
      user: 'viewer',
      documents: { [name]: 'viewer' },
    })
    await expect.poll(() => viewer.text.toJSON()).toBe('text')
    expect(viewer.provider.authorizedScope).toBe('readonly')
    await expect.poll(() => viewer.isSaved).toBe(true)
    viewer.text.insert(0, 'graffiti ')
    viewer.text.delete(0, 1)
    editor.text.insert(4, ' goes on')
    await expect.poll(() => viewer.text.toJSON()).toContain('goes on')
    expect(viewer.provider.hasUnsyncedChanges).toBe(true)
    expect(editor.text.toJSON()).toBe('text goes on')
  })

  it('reads, and its edits are refused on the y-websocket wire', async () => {
    const name = newName()
    await using editor = await connectYWebsocket(server, name)
    editor.text.insert(0, 'text')
    await using viewer = await connectYWebsocket(server, name, {
      user: 'viewer',
      documents: { [name]: 'viewer' },
    })
    await expect.poll(() => viewer.text.toJSON()).toBe('text')
    viewer.text.insert(0, 'graffiti ')
    editor.text.insert(4, ' goes on')
    await expect.poll(() => viewer.text.toJSON()).toContain('goes on')
    expect(editor.text.toJSON()).toBe('text goes on')
  })
})

describe('a bad token gets a coded error and nothing else', () => {
  const unsigned = (): string => {
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    return `${encode({ alg: 'none' })}.${encode({ sub: 'x', documents: { '*': 'owner' } })}.`
  }
  const cases: Record<string, [token: () => Promise<string> | string, code: string]> = {
    'no token': [() => '', 'CODRAFT_TOKEN_MISSING'],
    garbage: [() => 'garbage', 'CODRAFT_TOKEN_INVALID'],
    'alg none': [unsigned, 'CODRAFT_TOKEN_INVALID'],
    'the wrong secret': [() => testToken('x', { secret: 'x'.repeat(40) }), 'CODRAFT_TOKEN_INVALID'],
    'no role on this document': [
      () => testToken('x', { documents: { other: 'owner' } }),
      'CODRAFT_DOCUMENT_FORBIDDEN',
    ],
  }
  for (const [title, [token, code]] of Object.entries(cases)) {
    it(title, async () => {
      const name = newName()
      await using owner = await connectHocuspocus(server, name)
      owner.text.insert(0, 'secret')
      await expect.poll(() => owner.isSaved).toBe(true)
      await using hocuspocus = await connectHocuspocus(server, name, { token: await token() })
      await expect.poll(() => hocuspocus.deniedReason).toMatch(code)
      await using yWebsocket = await connectYWebsocket(server, name, { token: await token() })
      await expect.poll(() => yWebsocket.closeReasons[0]).toMatch(code)
      expect([4401, 4403]).toContain(yWebsocket.closeCodes[0])
      expect(hocuspocus.text.toJSON() + yWebsocket.text.toJSON()).toBe('')
    })
  }
})

describe('admission', () => {
  it('closes a connection that does not authenticate in time', async () => {
    const { closed } = await rawSocket('/collab')
    expect(await closed).toEqual({ code: 4408, reason: 'CODRAFT_AUTH_TIMEOUT' })
  })

  it('refuses pages of foreign origins, before the upgrade', async () => {
    const socket = new WebSocket(`${server.socketUrl}/collab`, { origin: 'https://evil.example' })
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
    expect(response.statusCode).toBe(403)
    socket.on('error', () => undefined)
    socket.terminate()
  })

  it('refuses unknown paths and bad document names with a code', async () => {
    for (const [path, status] of [
      ['/nowhere', 404],
      ['/yjs/%00', 400],
      [`/yjs/${'x'.repeat(300)}`, 400],
    ] as const) {
      const socket = new WebSocket(`${server.socketUrl}${path}`)
      socket.on('error', () => undefined)
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
      expect(response.statusCode).toBe(status)
      socket.terminate()
    }
  })
})

describe('an update with a gap', () => {
  /** The second update lacks the first. */
  const twoEdits = (): { document: Y.Doc; updates: Uint8Array[] } => {
    const document = new Y.Doc()
    const updates: Uint8Array[] = []
    document.on('update', (bytes: Uint8Array) => updates.push(bytes))
    document.getText('text').insert(0, 'a')
    document.getText('text').insert(1, 'b')
    return { document, updates }
  }

  it('is acknowledged when the missing part is there; the server asks once for it, however many follow', async () => {
    const name = newName()
    const { document, updates } = twoEdits()
    for (const letter of 'more') document.getText('text').insert(2, letter)
    const { socket } = await rawSocket('/collab')
    const kinds: string[] = []
    socket.on('message', (data: Buffer) => kinds.push(data.subarray(1 + name.length, 3 + name.length).join()))
    const count = (wanted: string): number => kinds.filter((kind) => kind === wanted).length
    socket.send(authMessage(name, await testToken('ada')))
    for (const update of updates.slice(1)) socket.send(updateMessage(name, update))
    await expect.poll(() => kinds).toContain('0,0')
    expect(kinds).not.toContain('8,1')
    socket.send(step2Message(name, Y.encodeStateAsUpdate(document)))
    await expect.poll(() => count('8,1')).toBe(updates.length - 1)
    expect(count('0,0')).toBe(1)
    socket.terminate()
  })

  it('in the answer to the question itself is not asked about again', async () => {
    const name = newName()
    const { updates } = twoEdits()
    const { socket } = await rawSocket('/collab')
    const kinds: string[] = []
    socket.on('message', (data: Buffer) => kinds.push(data.subarray(1 + name.length, 3 + name.length).join()))
    socket.send(authMessage(name, await testToken('ada')))
    for (let i = 0; i < 10; i++) socket.send(step2Message(name, updates[1]!))
    socket.send(step1Message(name))
    await expect.poll(() => kinds).toContain('0,1')
    // The one question is that of the ordinary handshake.
    expect(kinds.filter((kind) => kind === '0,0')).toHaveLength(1)
    expect(kinds).not.toContain('8,1')
    socket.terminate()
  })
})

it('updates that a client repeats after a reconnect are acknowledged with its answer, once', async () => {
  const name = newName()
  const document = new Y.Doc()
  const updates: Uint8Array[] = []
  document.on('update', (bytes: Uint8Array) => updates.push(bytes))
  // More than a client may send before its document is open.
  for (let edit = 0; edit < 1_500; edit++) document.getText('text').insert(edit, 'x')
  const { socket } = await rawSocket('/collab')
  const kinds: string[] = []
  socket.on('message', (data: Buffer) => kinds.push(data.subarray(1 + name.length, 3 + name.length).join()))
  const saved = (): number => kinds.filter((kind) => kind === '8,1').length
  // As HocuspocusProvider does: its question, then what it kept while there was no connection, then its answer.
  socket.send(authMessage(name, await testToken('ada')))
  socket.send(step1Message(name, Y.encodeStateVector(document)))
  for (const update of updates) socket.send(updateMessage(name, update))
  document.getText('text').insert(0, 'new ')
  socket.send(updateMessage(name, updates.at(-1)!))
  socket.send(step2Message(name, Y.encodeStateAsUpdate(document)))
  document.getText('text').insert(0, 'last ')
  socket.send(updateMessage(name, updates.at(-1)!))
  await expect.poll(saved).toBeGreaterThanOrEqual(3)
  document.getText('text').insert(0, 'of all ')
  socket.send(updateMessage(name, updates.at(-1)!))
  // The last acknowledgement comes after all others.
  await expect.poll(saved).toBeGreaterThanOrEqual(4)
  expect(saved()).toBe(4)
  socket.terminate()
})

it('content that a client brings in one update above MAX_UPDATE_BYTES is taken when it reconnects', async () => {
  const stored = new Y.Doc()
  for (let i = 0; i < 2_000; i++) stored.getText('text').insert(0, 'x'.repeat(1_000))
  await using client = await connectHocuspocus(server, newName())
  await expect.poll(() => client.isSaved).toBe(true)
  // As when y-indexeddb has read what was written offline after the connection stood.
  Y.applyUpdate(client.document, Y.encodeStateAsUpdate(stored))
  await expect.poll(() => client.closeReasons[0]).toContain('CODRAFT_UPDATE_REJECTED')
  await expect.poll(() => client.isSaved).toBe(true)
  await using reader = await connectHocuspocus(server, client.provider.configuration.name)
  await expect.poll(() => reader.text.length).toBe(2_000_000)
})

it('a malformed message of a stranger does not keep others from opening a stored document', async () => {
  const name = newName()
  const text = 'stored '.repeat(20_000)
  {
    await using writer = await connectHocuspocus(server, name)
    writer.text.insert(0, text)
    await expect.poll(() => writer.isSaved).toBe(true)
  }
  const snapshots = join(server.dataDir, 'objects/documents', name, 'snapshots')
  await expect.poll(async () => (await readdir(snapshots).catch(() => [])).length).toBe(1)
  const { socket, closed } = await rawSocket('/collab')
  // Step 1 with a state vector of 50 bytes that are not there; never authenticated.
  socket.send(message(name, (encoder) => encoding.writeUint8Array(encoder, Uint8Array.of(0, 0, 50))))
  await using reader = await connectHocuspocus(server, name)
  await expect.poll(() => reader.text.toJSON()).toBe(text)
  expect(reader.closeCodes).toEqual([])
  expect(await closed).toMatchObject({ code: 4400 })
})
