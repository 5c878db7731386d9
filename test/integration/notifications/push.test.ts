import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startPushService, type TestPushService, type TestSubscription } from '../../helpers/push-service.ts'
import { documentPath, restClient, RestClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'

const ownRoles = { documents: null }

let push: TestPushService
let server: TestServer
beforeAll(async () => {
  push = await startPushService()
  server = await startServer({
    env: { ...push.env, PUBLIC_URL: 'https://docs.example', MAIL_FROM: 'Docs <docs@docs.example>' },
  })
})
afterAll(async () => {
  await server?.close()
  await push?.[Symbol.asyncDispose]()
})

const userOf = (name: string, on = server) =>
  restClient(on, name, { ...ownRoles, email: `${name}@docs.example` })

const subscribe = async (user: RestClient): Promise<TestSubscription & { readonly id: string }> => {
  const { json } = await user.get('/api/push/key')
  const subscription = push.subscribe(json['key'] as string)
  const answer = await user.post('/api/push/subscriptions', { body: subscription.json })
  expect(answer.status).toBe(201)
  return { ...subscription, id: answer.json['id'] as string }
}

const grant = async (name: string, userId: string, on = server): Promise<void> => {
  const ada = await restClient(on, 'ada', { ...ownRoles, name: 'Ada' })
  await ada.put(documentPath(name), { body: name })
  const { status } = await ada.put(documentPath(name, `/grants/${userId}`), { body: { role: 'editor' } })
  expect(status).toBeLessThan(300)
}

const titles = ({ received }: TestSubscription): string[] => received.map(({ message }) => message.title)

describe('a notification', () => {
  it('comes to each device of the user, encrypted for it and signed by the server', async () => {
    const bob = await userOf('bob')
    const [laptop, phone] = [await subscribe(bob), await subscribe(bob)]
    const other = await subscribe(await userOf('eve'))
    await grant('Plans', 'bob')
    for (const device of [laptop, phone]) {
      await expect.poll(() => titles(device)).toEqual(['Plans'])
      const [first] = device.received
      expect(first!.message).toMatchObject({
        body: 'Ada invited you to edit “Plans”',
        url: 'https://docs.example/?doc=Plans',
      })
      expect(first!.headers).toMatchObject({ 'content-encoding': 'aes128gcm', topic: first!.message.tag })
      expect(Number(first!.headers['ttl'])).toBeGreaterThan(0)
      expect(first!.subject).toBe('mailto:docs@docs.example')
    }
    expect(other.received).toEqual([])
  })

  it('of which the text is too long is cut', async () => {
    const cleo = await userOf('cleo')
    const device = await subscribe(cleo)
    const ada = await restClient(server, 'ada', { ...ownRoles, name: 'Ada' })
    await grant('long', 'cleo')
    await expect.poll(() => titles(device)).toEqual(['long'])
    // An invitation finds its user when the address is known.
    const grants = async () => (await ada.get(documentPath('long', '/grants'))).json['items']
    await expect.poll(grants).toContainEqual(expect.objectContaining({ email: 'cleo@docs.example' }))
    const message = `Please read\n${'\u{1F469}\u{200D}\u{1F680}'.repeat(400)}`.slice(0, 2_000)
    const body = { email: 'cleo@docs.example', role: 'viewer', message: message.toWellFormed() }
    expect((await ada.post(documentPath('long', '/share'), { body })).status).toBe(201)
    await expect.poll(() => device.received.length).toBe(2)
    const [, received] = device.received
    expect(received!.bytes).toBeLessThanOrEqual(4_096)
    expect(received!.bytes).toBeGreaterThan(4_000)
    expect(received!.message.body).toMatch(/^Ada invited you to read “long”\nPlease read\n.*…$/s)
    expect(received!.message.body.isWellFormed()).toBe(true)
  })

  it('is not sent when the user has turned it off', async () => {
    const dora = await userOf('dora')
    const device = await subscribe(dora)
    const off = { channel: 'push', type: 'document.shared', enabled: false }
    await dora.put('/api/notifications/preferences', { body: { items: [off] } })
    await grant('unwanted', 'dora')
    const body = { format: 'md' }
    expect((await dora.post(documentPath('unwanted', '/exports'), { body })).status).toBe(202)
    // Of one user events stay in order: when this one is there, the other would be.
    const bodies = () => device.received.map(({ message }) => message.body)
    await expect.poll(bodies).toEqual(['“unwanted” is ready as MD'])
  })

  it('comes again after the time that the push service asks for, and only to the device that has missed it', async () => {
    const finn = await userOf('finn')
    const [busy, well] = [await subscribe(finn), await subscribe(finn)]
    busy.answers.push({ status: 429, headers: { 'retry-after': '3' } }, { status: 503 })
    await grant('later', 'finn')
    await expect.poll(() => titles(busy), { timeout: 30_000 }).toEqual(['later'])
    const [first = 0, second = 0] = busy.requestedAt
    expect(second - first).toBeGreaterThanOrEqual(2_990)
    expect(well.requestedAt).toHaveLength(1)
  })

  it('waits for its own device only: one that answers later, or not at all, holds up nobody else', async () => {
    const [lou, mia] = [await userOf('lou'), await userOf('mia')]
    const [busy, hanging, well] = [await subscribe(lou), await subscribe(mia), await subscribe(mia)]
    const answered = Promise.withResolvers<void>()
    busy.answers.push({ status: 503, headers: { 'retry-after': '120' } })
    hanging.answers.push({ status: 201, after: answered.promise })
    for (const userId of ['lou', 'mia']) await grant('first', userId)
    await expect.poll(() => [busy, hanging].map(({ requestedAt }) => requestedAt.length)).toEqual([1, 1])
    // Users enough for each partition.
    const others = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => subscribe(await userOf(`user-${index}`))),
    )
    for (const index of others.keys()) await grant('second', `user-${index}`)
    for (const userId of ['lou', 'mia']) await grant('second', userId)
    for (const other of others) await expect.poll(() => titles(other)).toEqual(['second'])
    await expect.poll(() => titles(well)).toEqual(['first', 'second'])
    expect(titles(hanging)).toEqual([])
    answered.resolve()
    await expect.poll(() => titles(hanging)).toEqual(['first', 'second'])
    expect(hanging.requestedAt).toHaveLength(2)
    expect(busy.requestedAt).toHaveLength(1)
  })

  it('that could not be sent yet is sent after a restart', async () => {
    await using other = await startServer({ env: push.env })
    const nora = await userOf('nora', other)
    const device = push.subscribe((await nora.get('/api/push/key')).json['key'] as string)
    expect((await nora.post('/api/push/subscriptions', { body: device.json })).status).toBe(201)
    device.answers.push({ status: 503, headers: { 'retry-after': '4' } })
    for (const name of ['one', 'two', 'three']) await grant(name, 'nora', other)
    await expect.poll(() => device.requestedAt.length).toBe(1)
    await other.restart('SIGKILL')
    await expect.poll(() => titles(device), { timeout: 60_000 }).toEqual(['one', 'two', 'three'])
    const [first = 0, second = 0] = device.requestedAt
    expect(second - first).toBeGreaterThanOrEqual(3_990)
    expect(device.requestedAt).toHaveLength(4)
  })

  it('ends with the subscription', async () => {
    const gina = await userOf('gina')
    const [gone, kept, removed] = [await subscribe(gina), await subscribe(gina), await subscribe(gina)]
    gone.answers.push({ status: 410 }, { status: 410 })
    expect((await gina.delete(`/api/push/subscriptions/${removed.id}`)).status).toBe(204)
    for (const name of ['one', 'two']) await grant(name, 'gina')
    await expect.poll(() => titles(kept)).toEqual(['one', 'two'])
    expect(gone.requestedAt).toHaveLength(1)
    expect(removed.requestedAt).toEqual([])
  })

  it('comes to whoever has subscribed the browser last, and to nobody who is erased', async () => {
    const [hana, ivan] = [await userOf('hana'), await userOf('ivan')]
    const shared = await subscribe(hana)
    expect((await ivan.post('/api/push/subscriptions', { body: shared.json })).json).toEqual({
      id: shared.id,
    })
    const own = await subscribe(hana)
    await grant('for hana', 'hana')
    await expect.poll(() => titles(own)).toEqual(['for hana'])
    await grant('for ivan', 'ivan')
    await expect.poll(() => titles(shared)).toEqual(['for ivan'])
    expect((await hana.delete('/api/users/me')).status).toBeLessThan(300)
    const anew = await subscribe(hana)
    await grant('after', 'hana')
    await expect.poll(() => titles(anew)).toEqual(['after'])
    expect(titles(own)).toEqual(['for hana'])
  })

  it('that the push service refuses is a dead letter, which names no address', async () => {
    const jill = await userOf('jill')
    const device = await subscribe(jill)
    device.answers.push({ status: 403 })
    await grant('refused', 'jill')
    const isBuried = () =>
      server.log.find(({ msg, worker }) => worker === 'push' && msg === 'an event became a dead letter')
    await expect.poll(isBuried).toBeDefined()
    expect(JSON.stringify(isBuried())).toContain('the push service answers 403')
    expect(JSON.stringify(server.log)).not.toContain(device.json.endpoint)
  })
})

describe('a subscription', () => {
  it('is refused to strangers, and when its address or keys are none', async () => {
    const nobody = new RestClient(server, undefined)
    const { json } = push.subscribe('')
    expect((await nobody.get('/api/push/key')).status).toBe(401)
    expect((await nobody.post('/api/push/subscriptions', { body: json })).status).toBe(401)
    const kim = await userOf('kim')
    const { endpoint, keys } = json
    const bad = [
      {},
      { endpoint: 'http://push.example/1', keys },
      { endpoint: 'file:///etc/passwd', keys },
      { endpoint: `https://push.example/${'a'.repeat(2_000)}`, keys },
      { endpoint, keys: { ...keys, p256dh: Buffer.alloc(65, 4).toString('base64url') } },
      { endpoint, keys: { ...keys, p256dh: 'x' } },
      { endpoint, keys: { ...keys, auth: 'short' } },
    ]
    for (const body of bad)
      expect((await kim.post('/api/push/subscriptions', { body })).code).toBe('CODRAFT_REQUEST_INVALID')
    expect(
      (await kim.post('/api/push/subscriptions', { body: { ...json, expirationTime: null } })).status,
    ).toBe(201)
  })

  it('leads to no address of the own network, and has the same key on each start', async () => {
    const { PUSH_ALLOWED_ADDRESSES: _, ...env } = push.env
    await using strict = await startServer({ env })
    const lena = await userOf('lena', strict)
    const key = (await lena.get('/api/push/key')).json['key'] as string
    const [byName, byAddress] = [push.subscribe(key), push.subscribe(key)]
    const address = byAddress.json.endpoint.replace('localhost', '127.0.0.1')
    await lena.post('/api/push/subscriptions', { body: byName.json })
    await lena.post('/api/push/subscriptions', { body: { ...byAddress.json, endpoint: address } })
    await grant('internal', 'lena', strict)
    const forgotten = () => strict.log.filter(({ msg }) => msg === 'a push subscription is forgotten')
    await expect.poll(forgotten).toHaveLength(2)
    for (const { why } of forgotten()) expect(why).toBe('its address is not public')
    expect([...byName.requestedAt, ...byAddress.requestedAt]).toEqual([])
    await strict.restart()
    expect((await lena.get('/api/push/key')).json['key']).toBe(key)
    expect((await (await userOf('lena')).get('/api/push/key')).json['key']).toBe(key)
  })
})
