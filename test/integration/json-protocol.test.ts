import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { connectJson, openRawJson, type RawJson } from '../helpers/json-client.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

let server: TestServer
let documents = 0
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const newDocument = (): string => `json-${Date.now().toString(36)}-${(documents += 1)}`

const join = async (client: RawJson, documentId: string, user = 'ada', more: object = {}) => {
  const authToken = await testToken(user)
  client.send({ type: 'join_document', documentId, authToken, field: 'text', kind: 'text', ...more })
  return client.next('joined')
}

describe('the messages', () => {
  it('join, edit and acknowledgement, as a program without any library sends them', async () => {
    const name = newDocument()
    await using ada = await openRawJson(server)
    await using sam = await openRawJson(server)
    expect(await join(ada, name)).toMatchObject({
      documentId: name,
      protocol: 1,
      role: 'editor',
      userId: 'ada',
      version: 0,
      content: [],
      applied: [],
    })
    expect(await ada.next('active_users')).toEqual({
      type: 'active_users',
      users: [{ userId: 'ada', userName: 'ada' }],
    })
    await join(sam, name, 'sam')
    expect(await ada.next('user_joined')).toMatchObject({ userId: 'sam', userName: 'sam' })

    ada.send({ type: 'edit', id: 'first', position: 0, insert: 'Hello World' })
    expect(await ada.next('ack')).toMatchObject({ opId: 'first', version: 1, serverOpId: expect.any(String) })
    expect(await sam.next('remote_edit')).toEqual({
      type: 'remote_edit',
      userId: 'ada',
      version: 1,
      ops: [{ insert: 'Hello World' }],
    })
    // Both on version 1: the lower user id comes first.
    sam.send({ type: 'edit', id: 's1', version: 1, ops: [{ position: 6, insert: 'Big ' }] })
    expect(await sam.next('ack')).toMatchObject({ opId: 's1', version: 2 })
    ada.send({ type: 'edit', id: 'a2', version: 1, ops: [{ position: 6, insert: 'Beautiful ' }] })
    expect(await sam.next('remote_edit')).toMatchObject({ ops: [{ retain: 6 }, { insert: 'Beautiful ' }] })

    await using reader = await connectHocuspocus(server, name)
    await expect.poll(() => reader.text.toJSON()).toBe('Hello Beautiful Big World')
    sam.send({ type: 'leave_document' })
    expect(await ada.next('user_left')).toMatchObject({ userId: 'sam' })
  })

  it('an edit sent twice is applied once', async () => {
    const name = newDocument()
    await using client = await openRawJson(server)
    await join(client, name)
    for (let i = 0; i < 3; i++) client.send({ type: 'edit', id: 'once', version: 0, ops: [{ insert: 'x' }] })
    client.send({ type: 'edit', id: 'last', version: 1, ops: [{ retain: 1 }, { insert: 'y' }] })
    while ((await client.next('ack'))['opId'] !== 'last') continue
    await using again = await openRawJson(server)
    expect((await join(again, name))['content']).toEqual([{ insert: 'xy' }])
    again.send({ type: 'edit', id: 'once', version: 0, ops: [{ insert: 'x' }] })
    expect(await again.next('ack')).toMatchObject({ opId: 'once' })
    await using third = await openRawJson(server)
    expect((await join(third, name))['content']).toEqual([{ insert: 'xy' }])
  })

  it('what is typed on in a new document of blocks stays in one block', async () => {
    const name = newDocument()
    await using client = await openRawJson(server)
    await join(client, name, 'ada', { field: 'default', kind: 'blocks' })
    // The server ends the block by itself, after this edit and before it hears of the next.
    client.send({ type: 'edit', id: 'F', version: 0, ops: [{ insert: 'F' }] })
    client.send({ type: 'edit', id: 'rom here', version: 1, ops: [{ retain: 1 }, { insert: 'rom here' }] })
    while ((await client.next('ack'))['opId'] !== 'rom here') continue
    await using again = await openRawJson(server)
    const { content } = await join(again, name, 'ada', { field: 'default', kind: 'blocks' })
    expect(content).toMatchObject([{ insert: 'From here' }, { insert: '\n' }])
  })

  it('positions in code points', async () => {
    const name = newDocument()
    await using writer = await connectJson(server, name)
    await writer.whenOnline()
    writer.insert(0, '👋🏽 Hello 😀')
    await writer.whenSaved()
    await using python = await openRawJson(server)
    await join(python, name, 'python', { units: 'codepoint' })
    python.send({ type: 'edit', id: 'p', version: 1, ops: [{ position: 3, delete: 5, insert: 'Bye' }] })
    await python.next('ack')
    await expect.poll(() => writer.text).toBe('👋🏽 Bye 😀')
    writer.insert(writer.text.length, '!')
    expect(await python.next('remote_edit')).toMatchObject({ ops: [{ retain: 8 }, { insert: '!' }] })
  })

  it('a base that is too old: the content, and the edit is not lost silently', async () => {
    const name = newDocument()
    await using client = await openRawJson(server)
    await join(client, name)
    client.send({ type: 'edit', id: 'x', version: 99, ops: [{ insert: 'x' }] })
    expect(await client.next('error')).toMatchObject({ code: 'CODRAFT_VERSION_UNKNOWN', opId: 'x' })
    expect(await client.next('resync')).toMatchObject({ version: 0, content: [], applied: [] })
    client.send({ type: 'edit', id: 'x', version: 0, ops: [{ insert: 'x' }] })
    expect(await client.next('ack')).toMatchObject({ opId: 'x', version: 1 })
  })

  it('a viewer reads and may not write', async () => {
    const name = newDocument()
    await using client = await openRawJson(server)
    const authToken = await testToken('vera', { documents: { '*': 'viewer' } })
    client.send({ type: 'join_document', documentId: name, authToken, field: 'text' })
    expect(await client.next('joined')).toMatchObject({ role: 'viewer' })
    client.send({ type: 'edit', id: 'v', ops: [{ insert: 'x' }] })
    expect(await client.next('error')).toMatchObject({ code: 'CODRAFT_READ_ONLY', opId: 'v' })
  })

  it.each([
    ['no token', { authToken: '' }, 'CODRAFT_TOKEN_MISSING'],
    ['a bad token', { authToken: 'x.y.z' }, 'CODRAFT_TOKEN_INVALID'],
    ['a version that does not exist', { protocol: 2 }, 'CODRAFT_PROTOCOL_UNSUPPORTED'],
    ['a bad name', { documentId: '\u0001' }, 'CODRAFT_DOCUMENT_NAME_INVALID'],
    ['a field of another kind', { field: 'pages' }, 'CODRAFT_EDIT_INVALID'],
  ])('join with %s is refused with a code', async (_, fields, code) => {
    const name = newDocument()
    await using writer = await connectHocuspocus(server, name)
    writer.document.getMap('pages').set('a', 1)
    await expect.poll(() => writer.isSaved).toBe(true)
    await using client = await openRawJson(server)
    const authToken = await testToken('ada')
    client.send({
      type: 'join_document',
      documentId: name,
      authToken,
      field: 'text',
      kind: 'text',
      ...fields,
    })
    expect(await client.next('error')).toMatchObject({ code })
  })
})

describe('with a Yjs client in the same document', () => {
  it('edits, cursors and people go both ways', async () => {
    const name = newDocument()
    await using json = await connectJson(server, name, { user: 'ada', color: '#aa0000' })
    await using yjs = await connectHocuspocus(server, name, { user: 'sam' })
    await json.whenOnline()
    yjs.text.insert(0, 'from Yjs')
    await json.when(({ text }) => text === 'from Yjs')
    json.insert(8, ', and JSON')
    await expect.poll(() => yjs.text.toJSON()).toBe('from Yjs, and JSON')

    const { awareness } = yjs.provider
    if (!awareness) throw new Error('no awareness')
    awareness.setLocalState({ user: { name: 'Sam' } })
    await json.when(({ users }) => users.size === 2)
    expect([...json.users.keys()].sort()).toEqual(['ada', 'sam'])

    json.cursor(4)
    const {
      createAbsolutePositionFromRelativePosition,
      createRelativePositionFromJSON,
      createRelativePositionFromTypeIndex,
    } = await import('yjs')
    const cursorOfAda = (): number | undefined => {
      const state = [...awareness.getStates().values()].find(
        ({ user }) => (user as { id?: string })?.id === 'ada',
      )
      const head = (state?.['cursor'] as { head?: object } | null | undefined)?.head
      return head
        ? createAbsolutePositionFromRelativePosition(createRelativePositionFromJSON(head), yjs.document)
            ?.index
        : undefined
    }
    await expect.poll(cursorOfAda).toBe(4)

    const place = createRelativePositionFromTypeIndex(yjs.text, 9)
    awareness.setLocalStateField('cursor', { anchor: place, head: place })
    await json.when(({ cursors }) =>
      [...cursors.values()].some(({ userId, position }) => userId === 'sam' && position === 9),
    )
    json.insert(0, '>> ')
    expect([...json.cursors.values()].find(({ userId }) => userId === 'sam')?.position).toBe(12)
    yjs.provider.destroy()
    await json.when(({ users, cursors }) => users.size === 1 && cursors.size === 0)
  })

  it('the client library comes back after a crash, with the edits made meanwhile', async () => {
    const name = newDocument()
    await using json = await connectJson(server, name)
    await json.whenOnline()
    json.insert(0, 'before ')
    await json.whenSaved()
    await server.kill('SIGKILL')
    await json.when(({ isOnline }) => !isOnline)
    json.insert(json.text.length, 'offline ')
    await server.start()
    await json.whenSaved()
    json.insert(json.text.length, 'after')
    await json.whenSaved()
    await using reader = await connectHocuspocus(server, name)
    await expect.poll(() => reader.text.toJSON()).toBe('before offline after')
  })
})
