import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SqliteEventLog } from '../../../extensions/events/index.ts'
import { connectHocuspocus } from '../../helpers/clients.ts'
import { restClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { OPERATORS: 'olga,otto', WORKERS: 'none' } })
})
afterAll(() => server.close())

const as = (user: string) => restClient(server, user)

it('is for operators', async () => {
  const somebody = await as('somebody')
  const answers = [
    somebody.get('/api/status'),
    somebody.get('/api/dead-letters'),
    somebody.post('/api/dead-letters/retry', { body: { ids: ['exports/0'] } }),
  ]
  for (const { status, code } of await Promise.all(answers)) {
    expect(status).toBe(403)
    expect(code).toBe('CODRAFT_OPERATORS_ONLY')
  }
  expect((await (await as('otto')).get('/api/status')).status).toBe(200)
})

it('tells what is open, how much was edited, and what the log complained about', async () => {
  await using writer = await connectHocuspocus(server, 'busy')
  await using reader = await connectHocuspocus(server, 'busy', { user: 'reader' })
  await using other = await connectHocuspocus(server, 'quiet')
  writer.text.insert(0, 'hello')
  await expect.poll(() => reader.text.toJSON()).toBe('hello')
  await expect.poll(() => other.isSaved).toBe(true)
  expect((await (await as('olga')).get('/api/status')).json).toMatchObject({
    instances: 1,
    health: { state: 'ready', durability: 'disk', dependencies: { journal: { state: 'ready' } } },
    connections: { open: 3 },
    documents: {
      open: 2,
      busiest: [
        { name: 'busy', connections: 2 },
        { name: 'quiet', connections: 1 },
      ],
    },
    events: { outbox: expect.any(Number), deadLetters: 0 },
    exports: [],
  })
})

it('lists dead letters and gives them to their worker again', async () => {
  const log = await SqliteEventLog.open({ path: join(server.dataDir, 'events.sqlite') })
  const value = JSON.stringify({
    id: 'e1',
    type: 'no.such.type',
    version: 1,
    time: 0,
    documentName: 'doc',
    data: {},
  })
  const headers = { group: 'codraft-exports', cause: 'it is broken', attempts: '5' }
  await log.publish('exports-dlq', [{ key: 'doc', value, headers }])
  const olga = await as('olga')
  const list = async (): Promise<unknown> => (await olga.get('/api/dead-letters')).json
  const retry = async (id: string): Promise<number> =>
    (await olga.post('/api/dead-letters/retry', { body: { ids: [id] } })).status
  const letter = {
    id: 'exports/0',
    topic: 'exports',
    group: 'codraft-exports',
    cause: 'it is broken',
    attempts: 5,
  }
  expect(await list()).toMatchObject({ items: [letter] })

  expect(await retry('exports/7')).toBe(404)
  expect(await retry('exports/0')).toBe(204)
  expect(await list()).toEqual({ items: [] })
  expect(await log.read('exports')).toMatchObject([
    { key: 'doc', value, headers: { group: 'codraft-exports' } },
  ])
  const metric = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text()
  await expect.poll(metric, { timeout: 15_000 }).toContain('codraft_dead_letters{topic="exports-dlq"} 0')
  await log.close()
})
