import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UnsubscribeLinks, type Unsubscription } from '../../../src/notifications/UnsubscribeLinks.ts'
import { restClient, RestClient } from '../../helpers/rest.ts'
import { startServer, testSecret, type TestServer } from '../../helpers/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { OPERATORS: 'olga' } })
})
afterAll(() => server.close())

interface Preference {
  readonly channel: string
  readonly type: string
  readonly enabled: boolean
}

const path = '/api/notifications/preferences'
const turnedOff = async (client: RestClient): Promise<string[]> =>
  ((await client.get(path)).json['items'] as Preference[])
    .filter(({ enabled }) => !enabled)
    .map(({ channel, type }) => `${channel} ${type}`)

describe('preferences', () => {
  it('are all on at first, and what one user turns off is off for that user alone', async () => {
    const [ada, bob] = [await restClient(server, 'ada'), await restClient(server, 'bob')]
    expect((await ada.get(path)).json['items']).toHaveLength(12)
    expect(await turnedOff(ada)).toEqual([])
    const items = [
      { channel: 'email', type: 'document.changed', enabled: false },
      { channel: 'push', type: 'user.mentioned', enabled: false },
    ]
    const { status, json } = await ada.put(path, { body: { items } })
    expect([status, json['items']]).toEqual([200, expect.arrayContaining(items)])
    expect(await turnedOff(ada)).toEqual(['email document.changed', 'push user.mentioned'])
    await ada.put(path, { body: { items: [{ ...items[0], enabled: true }] } })
    expect(await turnedOff(ada)).toEqual(['push user.mentioned'])
    expect(await turnedOff(bob)).toEqual([])
  })

  it('refuse strangers, and what is no channel or type', async () => {
    expect((await new RestClient(server, undefined).get(path)).status).toBe(401)
    expect((await new RestClient(server, undefined).put(path, { body: { items: [] } })).status).toBe(401)
    const ada = await restClient(server, 'ada')
    const put = async (change: object) =>
      (
        await ada.put(path, {
          body: { items: [{ channel: 'email', type: 'document.shared', enabled: false, ...change }] },
        })
      ).code
    expect(await put({ channel: 'pigeon' })).toBe('CODRAFT_REQUEST_INVALID')
    expect(await put({ type: 'document.edited' })).toBe('CODRAFT_REQUEST_INVALID')
    expect(await put({ enabled: 'no' })).toBe('CODRAFT_REQUEST_INVALID')
  })
})

describe('the link in a mail', () => {
  const linkTo = (unsubscription: Unsubscription): Promise<string> =>
    new UnsubscribeLinks({ secret: testSecret, publicUrl: () => server.url }).linkTo(unsubscription)

  it('changes nothing when it is opened, and ends such mails when it is posted as mail programs do', async () => {
    const url = await linkTo({ owner: 'una', type: 'document.shared' })
    const una = await restClient(server, 'una')
    const page = await fetch(url)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect(await page.text()).toContain('<form method="post">')
    expect(await turnedOff(una)).toEqual([])
    const posted = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
    })
    expect(posted.status).toBe(200)
    expect(await turnedOff(una)).toEqual(['email document.shared'])
  })

  it('for an address holds for whoever signs in with it, who may change that', async () => {
    const url = await linkTo({ owner: 'mailto:vera@example.org', type: '*' })
    expect((await fetch(url, { method: 'POST' })).status).toBe(200)
    const vera = await restClient(server, 'vera', { email: 'Vera@Example.org' })
    expect(await turnedOff(vera)).toHaveLength(4)
    const items = ['document.shared', 'user.mentioned', 'export.ready', 'document.changed'].map((type) => ({
      channel: 'email',
      type,
      enabled: true,
    }))
    await vera.put(path, { body: { items: items.slice(1) } })
    expect(await turnedOff(vera)).toEqual(['email document.shared'])
    await vera.put(path, { body: { items } })
    expect(await turnedOff(vera)).toEqual([])
  })

  it('is refused when this server has not signed it', async () => {
    const url = new URL(await linkTo({ owner: 'una', type: '*' }))
    for (const token of ['', 'nonsense', `${url.searchParams.get('token')}x`]) {
      url.searchParams.set('token', token)
      for (const method of ['GET', 'POST']) {
        const response = await fetch(url, { method })
        expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
          400,
          'CODRAFT_REQUEST_INVALID',
        ])
      }
    }
  })
})

describe('GET /api/mailbox', () => {
  it('is for operators', async () => {
    const olga = await restClient(server, 'olga')
    expect([(await olga.get('/api/mailbox')).status, (await olga.get('/api/mailbox')).json]).toEqual([
      200,
      { items: [] },
    ])
    const refused = await (await restClient(server, 'ada')).get('/api/mailbox')
    expect([refused.status, refused.code]).toEqual([403, 'CODRAFT_OPERATORS_ONLY'])
    expect((await new RestClient(server, undefined).get('/api/mailbox')).status).toBe(401)
    expect((await olga.get('/api/mailbox', { query: { cursor: 'x' } })).code).toBe('CODRAFT_REQUEST_INVALID')
  })
})
