import { afterEach, beforeEach, expect, it } from 'vitest'
import { connectHocuspocus, type HocuspocusClient } from '../helpers/clients.ts'
import { documentPath, restClient, type RestClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

let server: TestServer
let reader: RestClient
beforeEach(async () => {
  server = await startServer()
  reader = await restClient(server, 'reader')
})
afterEach(() => server.close())

interface Counts {
  readonly opens: number
  readonly sessions: number
  readonly sessionMs: number
  readonly edits: number
  readonly editors: number
  readonly inserted: number
  readonly deleted: number
}

const analytics = async (name: string) =>
  (await reader.get(documentPath(name, '/analytics'))).json as unknown as {
    total: Counts
    days: (Counts & { from: string })[]
    hours: (Counts & { from: string })[]
  }

const saved = (client: HocuspocusClient) => expect.poll(() => client.isSaved).toBe(true)

it('counts who opened and edited a document, and how much, also after kill -9', async () => {
  const before = Date.now()
  {
    await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
    await using bob = await connectHocuspocus(server, 'notes', { user: 'bob' })
    await using other = await connectHocuspocus(server, 'elsewhere', { user: 'bob' })
    ann.text.insert(0, 'hello')
    await expect.poll(() => bob.text.toJSON()).toBe('hello')
    bob.text.delete(0, 2)
    other.text.insert(0, 'not here')
    await Promise.all([ann, bob, other].map(saved))
  }
  await expect
    .poll(async () => (await analytics('notes')).total)
    .toMatchObject({ opens: 2, sessions: 2, edits: 2, editors: 2, inserted: 5, deleted: 2 })
  const { total, days, hours } = await analytics('notes')
  expect(total.sessionMs).toBeGreaterThan(0)
  expect(total.sessionMs).toBeLessThan(2 * (Date.now() - before))
  expect(days.length).toBeGreaterThan(0)
  expect(Date.parse(hours[0]!.from)).toBeGreaterThan(before - 3_600_000)
  expect(hours.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(5)

  await server.restart('SIGKILL')
  await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
  ann.text.insert(0, 'again')
  await saved(ann)
  await expect
    .poll(async () => (await analytics('notes')).total)
    .toMatchObject({ opens: 3, edits: 3, editors: 2, inserted: 10, deleted: 2 })
})

it('tells only those who may read the document, and nothing of one that is erased', async () => {
  const owner = await restClient(server, 'owner', { documents: { notes: 'owner' } })
  await owner.put(documentPath('notes'), { body: 'some text' })
  await expect.poll(async () => (await analytics('notes')).total.edits).toBeGreaterThan(0)
  const stranger = await restClient(server, 'stranger', { documents: { other: 'editor' } })
  expect((await stranger.get(documentPath('notes', '/analytics'))).status).toBe(403)
  await owner.delete(documentPath('notes'), { query: { mode: 'erase' } })
  expect((await reader.get(documentPath('notes', '/analytics'))).status).toBe(410)
})
