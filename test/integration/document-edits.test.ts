import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import * as Y from 'yjs'
import { decodeEvent, SqliteEventLog, type CodraftEvent } from '../../extensions/events/index.ts'
import { connectHocuspocus, type HocuspocusClient } from '../helpers/clients.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

let server: TestServer
beforeEach(async () => {
  server = await startServer({ env: { COMPACT_AFTER_BYTES: '1024', COMPACT_AFTER_MS: '300' } })
})
afterEach(() => server.close())

/** All events about a document that are in the log now. */
const eventsOf = async (name: string): Promise<CodraftEvent<'document.edited'>[]> => {
  const log = await SqliteEventLog.open({ path: join(server.dataDir, 'events.sqlite') })
  const messages = await log.read('document-edits')
  await log.close()
  return messages
    .map(decodeEvent)
    .filter((event) => event.type === 'document.edited')
    .filter(({ documentName }) => documentName === name)
}

/** The document as somebody knows it who has nothing but the events. */
const textOfEvents = (events: readonly CodraftEvent<'document.edited'>[]): string => {
  const document = new Y.Doc()
  for (const { data } of events) Y.applyUpdate(document, Buffer.from(data.update, 'base64'))
  return document.getText('text').toJSON()
}

const saved = (client: HocuspocusClient) => expect.poll(() => client.isSaved).toBe(true)

it('every edit is an event: who, when, what, and how much', async () => {
  const before = Date.now()
  await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
  await using bob = await connectHocuspocus(server, 'notes', { user: 'bob' })
  await saved(ann)
  ann.text.insert(0, 'hello')
  await expect.poll(() => bob.text.toJSON()).toBe('hello')
  bob.text.delete(0, 2)
  await saved(bob)
  await expect.poll(async () => textOfEvents(await eventsOf('notes'))).toBe('llo')
  const events = await eventsOf('notes')
  const authors = events.flatMap(({ data }) => data.authors)
  expect(authors).toEqual([
    { userId: 'ann', edits: 1, inserted: 5, deleted: 0 },
    { userId: 'bob', edits: 1, inserted: 0, deleted: 2 },
  ])
  for (const { time } of events) {
    expect(time).toBeGreaterThanOrEqual(before)
    expect(time).toBeLessThanOrEqual(Date.now())
  }
})

it('kill -9 loses no event, though the journal is trimmed all the time; order and ids hold', async () => {
  let expected = ''
  for (let round = 0; round < 3; round++) {
    await using writer = await connectHocuspocus(server, 'notes')
    await saved(writer)
    for (let i = 0; i < 100; i++) {
      writer.text.insert(writer.text.length, `${round}.${i} `)
      if (i % 10 === 0) await saved(writer)
    }
    await saved(writer)
    expected = writer.text.toJSON()
    await server.restart('SIGKILL')
  }
  await expect.poll(async () => textOfEvents(await eventsOf('notes')) === expected).toBe(true)
  const events = await eventsOf('notes')
  const byId = new Map(events.map((event) => [event.id, event]))
  const positions = [...byId.values()].map(({ data }) => data.position)
  expect(positions).toEqual(positions.toSorted((a, b) => a - b))
  expect([...byId.values()].reduce((sum, { data }) => sum + data.edits, 0)).toBe(300)
})

it('health and metrics tell how publishing goes', async () => {
  await using writer = await connectHocuspocus(server, 'notes')
  await saved(writer)
  writer.text.insert(0, 'counted')
  await saved(writer)
  await expect.poll(async () => (await eventsOf('notes')).length).toBe(1)
  const ready = (await (await fetch(`${server.url}/health/ready`)).json()) as {
    dependencies: { events: { state: string } }
  }
  expect(ready.dependencies.events.state).toBe('ready')
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toMatch(/codraft_events_published_total [1-9]/)
})
