import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { startPushService } from '../helpers/push-service.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer } from '../helpers/server.ts'
import { serviceVariable } from '../helpers/services.ts'

it('notifications on Kafka come to a browser once each, in order, though the push service was busy', async () => {
  await using push = await startPushService()
  const brokers = serviceVariable('CODRAFT_TEST_KAFKA_BROKERS')
  await using server = await startServer({
    env: { ...push.env, KAFKA_BROKERS: brokers, WORKERS: 'push' },
  })
  const userId = `bob-${randomUUID()}`
  const bob = await restClient(server, userId, { documents: null })
  const device = push.subscribe((await bob.get('/api/push/key')).json['key'] as string)
  expect((await bob.post('/api/push/subscriptions', { body: device.json })).status).toBe(201)
  device.answers.push({ status: 429, headers: { 'retry-after': '1' } })
  const ada = await restClient(server, 'ada', { documents: null })
  const names = ['one', 'two', 'three'].map((name) => `${name}-${randomUUID()}`)
  for (const name of names) {
    await ada.put(documentPath(name), { body: name })
    const { status } = await ada.put(documentPath(name, `/grants/${userId}`), { body: { role: 'editor' } })
    expect(status).toBeLessThan(300)
  }
  const titles = () => device.received.map(({ message }) => message.title)
  await expect.poll(titles, { timeout: 60_000 }).toEqual(names)
  expect(device.requestedAt).toHaveLength(names.length + 1)
})
