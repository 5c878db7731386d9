import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { XmlElement } from 'yjs'
import { addThread } from '../../../src/documents/comment-threads.ts'
import { connectHocuspocus } from '../../helpers/clients.ts'
import { documentPath, restClient, RestClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'
import { testToken, type TestTokenOptions } from '../../helpers/tokens.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { PUBLIC_URL: 'https://docs.example' } })
})
afterAll(() => server.close())

const ownRoles = { documents: null }

interface Item {
  readonly id: string
  readonly text: string
  readonly url: string
  readonly read: boolean
}

const share = async (name: string, change: { email: string } | { userId: string }): Promise<void> => {
  const ada = await restClient(server, 'ada', { ...ownRoles, name: 'Ada' })
  await ada.put(documentPath(name), { body: name })
  const answer =
    'email' in change
      ? await ada.post(documentPath(name, '/share'), { body: { email: change.email, role: 'editor' } })
      : await ada.put(documentPath(name, `/grants/${change.userId}`), { body: { role: 'viewer' } })
  expect(answer.status).toBeLessThan(300)
}

const list = async (client: RestClient, query: Readonly<Record<string, string>> = {}) => {
  const { status, json } = await client.get('/api/notifications', { query })
  expect(status).toBe(200)
  return json as { readonly items: readonly Item[]; readonly unread: number; readonly cursor?: string }
}

/** What a stream of events says, until it is left. */
const follow = async (user: string, options: TestTokenOptions = {}) => {
  const leaving = new AbortController()
  const response = await fetch(`${server.url}/api/events`, {
    headers: { authorization: `Bearer ${await testToken(user, { ...ownRoles, ...options })}` },
    signal: leaving.signal,
  })
  const stream = {
    status: response.status,
    type: response.headers.get('content-type'),
    text: '',
    ended: false,
  }
  void (async () => {
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) stream.text += part
    stream.ended = true
  })().catch(() => undefined)
  return { stream, [Symbol.dispose]: () => leaving.abort() }
}

describe('the list', () => {
  it('has what the user was told, in pages, the newest first, until it is read', async () => {
    const bob = await restClient(server, 'bob', { ...ownRoles, email: 'Bob@example.org' })
    expect(await list(bob)).toEqual({ items: [], unread: 0 })
    await share('by grant', { userId: 'bob' })
    await expect.poll(async () => (await list(bob)).unread).toBe(1)
    const ada = await restClient(server, 'ada', { ...ownRoles, name: 'Ada' })
    const grants = async () => (await ada.get(documentPath('by grant', '/grants'))).json['items']
    await expect.poll(grants).toContainEqual(expect.objectContaining({ email: 'Bob@example.org' }))
    await share('by mail', { email: 'bob@example.org' })
    await expect.poll(async () => (await list(bob)).unread).toBe(2)
    const page = await list(bob, { limit: '1' })
    expect(page.items).toEqual([
      expect.objectContaining({
        type: 'document.shared',
        document: 'by mail',
        text: 'Ada invited you to edit “by mail”',
        url: expect.stringContaining('invitation='),
        read: false,
      }),
    ])
    const next = await list(bob, { limit: '1', cursor: page.cursor! })
    expect(next.items[0]).toMatchObject({
      text: 'Ada invited you to read “by grant”',
      url: 'https://docs.example/?doc=by+grant',
    })
    expect(next.cursor).toBeUndefined()

    const read = await bob.post('/api/notifications/read', { body: { ids: [page.items[0]!.id] } })
    expect([read.status, read.json]).toEqual([200, { unread: 1 }])
    expect((await list(bob)).items.map(({ read }) => read)).toEqual([true, false])
    const others = await restClient(server, 'eve', ownRoles)
    await others.post('/api/notifications/read', { body: {} })
    expect((await list(others)).items).toEqual([])
    expect((await list(bob)).unread).toBe(1)
    expect((await bob.post('/api/notifications/read', { body: {} })).json).toEqual({ unread: 0 })
  })

  it('is refused to strangers, and for what is no page or list of ids', async () => {
    const nobody = new RestClient(server, undefined)
    expect((await nobody.get('/api/notifications')).status).toBe(401)
    expect((await nobody.post('/api/notifications/read', { body: {} })).status).toBe(401)
    expect((await nobody.get('/api/events')).status).toBe(401)
    const bob = await restClient(server, 'bob')
    expect((await bob.get('/api/notifications', { query: { cursor: 'x' } })).code).toBe(
      'CODRAFT_REQUEST_INVALID',
    )
    for (const body of [{ ids: [] }, { ids: 'all' }])
      expect((await bob.post('/api/notifications/read', { body })).code).toBe('CODRAFT_REQUEST_INVALID')
  })

  it('leaves out what the user has turned off', async () => {
    const carol = await restClient(server, 'carol', ownRoles)
    const off = { channel: 'in-app', type: 'document.shared', enabled: false }
    await carol.put('/api/notifications/preferences', { body: { items: [off] } })
    await share('unwanted', { userId: 'carol' })
    await carol.put('/api/notifications/preferences', { body: { items: [{ ...off, enabled: true }] } })
    // Of one user events stay in order: when this one is there, the other would be.
    await expect
      .poll(async () => {
        await share('wanted', { userId: 'carol' })
        return (await list(carol)).items.some(({ text }) => text.includes('“wanted”'))
      })
      .toBe(true)
  })

  it('is gone when the user is erased, and without the document that is erased', async () => {
    const dan = await restClient(server, 'dan', ownRoles)
    for (const name of ['kept', 'erased']) await share(name, { userId: 'dan' })
    await expect.poll(async () => (await list(dan)).unread).toBe(2)
    const ada = await restClient(server, 'ada', { ...ownRoles, name: 'Ada' })
    await ada.delete(documentPath('erased'), { query: { mode: 'erase' } })
    const left = (await list(dan)).items.map(({ text }) => text)
    expect(left).toEqual(['Ada invited you to read “kept”'])
    await dan.delete('/api/users/me')
    expect((await list(dan)).items).toEqual([])
  })
})

describe('the stream', () => {
  it('tells how many are unread, and each new one to its user alone', async () => {
    using finn = await follow('finn')
    using eve = await follow('eve')
    expect([finn.stream.status, finn.stream.type]).toEqual([200, 'text/event-stream; charset=utf-8'])
    await expect.poll(() => finn.stream.text).toContain('event: unread\ndata: {"unread":0}\n\n')
    await share('streamed', { userId: 'finn' })
    await expect.poll(() => finn.stream.text).toContain('event: unread\ndata: {"unread":1}\n\n')
    expect(finn.stream.text.match(/^event: notification$/gm)).toHaveLength(1)
    expect(finn.stream.text).toContain('"text":"Ada invited you to read “streamed”"')
    expect(eve.stream.text).not.toContain('streamed')
  })

  it('ends with the token', async () => {
    using gina = await follow('gina', { ttlSeconds: 1 })
    await expect.poll(() => gina.stream.ended).toBe(true)
  })
})

describe('a mention', () => {
  it('in a document or a comment tells the user, when that user may read it', async () => {
    const name = 'with mentions'
    await share(name, { userId: 'hana' })
    const owner = await restClient(server, 'ada', { ...ownRoles, name: 'Ada' })
    const grants = async () => (await owner.get(documentPath(name, '/grants'))).json['items']
    await expect.poll(grants).toContainEqual(expect.objectContaining({ userId: 'ada', name: 'Ada' }))
    const mention = (id: string): XmlElement => {
      const element = new XmlElement('mention')
      element.setAttribute('id', id)
      return element
    }
    await using ada = await connectHocuspocus(server, name, { user: 'ada', name: 'Ada', ...ownRoles })
    await expect.poll(() => ada.isSaved).toBe(true)
    const paragraph = new XmlElement('paragraph')
    ada.document.getXmlFragment('default').insert(0, [paragraph])
    paragraph.insert(0, [mention('hana'), mention('stranger')])
    await using comments = await connectHocuspocus(server, `${name}~comments`, {
      user: 'ada',
      name: 'Ada',
      ...ownRoles,
    })
    await expect.poll(() => comments.isSaved).toBe(true)
    addThread(
      comments.document,
      { id: 't', anchor: undefined, quote: '' },
      {
        id: 'c',
        author: { id: 'ada', name: 'Ada' },
        text: '@Hana',
        createdAt: 1,
        mentions: [{ id: 'hana', name: 'Hana' }],
      },
    )
    const hana = await restClient(server, 'hana', ownRoles)
    const texts = async (): Promise<string[]> => (await list(hana)).items.map(({ text }) => text).sort()
    await expect
      .poll(texts)
      .toEqual([
        'Ada invited you to read “with mentions”',
        'Ada mentioned you in a comment on “with mentions”',
        'Ada mentioned you in “with mentions”',
      ])
    expect((await list(await restClient(server, 'stranger', ownRoles))).items).toEqual([])
  })
})
