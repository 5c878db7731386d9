import { afterAll, beforeAll, expect, it } from 'vitest'
import { alertNames, dashboardQueries, read } from '../helpers/alerts.ts'
import { connectHocuspocus } from '../helpers/clients.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text()

const valueOf = async (series: string): Promise<number> => {
  const line = (await metrics()).split('\n').find((line) => line.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1) ?? Number.NaN)
}

/** Names of metrics in a text, without what Prometheus appends to those of a histogram. */
const namesIn = (text: string): Set<string> =>
  new Set(
    Array.from(text.matchAll(/\b(?:codraft|nodejs|process)_\w+/g), ([name]) =>
      name.replace(/_(bucket|sum|count)$/, ''),
    ),
  )

const exported = async (): Promise<Set<string>> =>
  new Set(Array.from((await metrics()).matchAll(/^# TYPE (\w+)/gm), ([, name]) => name as string))

it('exports what the reference page lists, and nothing else', async () => {
  const listed = namesIn(read('docs/reference/metrics.md'))
  const own = [...(await exported())].filter((name) => name.startsWith('codraft_'))
  expect(new Set(own)).toEqual(listed)
})

it('exports every metric that an alert or the dashboard asks for', async () => {
  const names = await exported()
  const asked = namesIn([read('docker/alerts.yml'), ...dashboardQueries()].join('\n'))
  expect([...asked].filter((name) => !names.has(name))).toEqual([])
})

it('has an entry in the runbook for every alert, and an alert for every entry', () => {
  const entries = Array.from(
    read('docs/guide/runbook.md').matchAll(/^## (\w+)$/gm),
    ([, name]) => name as string,
  )
  expect(entries.toSorted()).toEqual(alertNames().toSorted())
  const links = Array.from(read('docker/alerts.yml').matchAll(/runbook\.md#(\w+)/g), ([, anchor]) => anchor)
  expect(links).toEqual(alertNames().map((name) => name.toLowerCase()))
})

it('counts tokens, edits, readers and those who come back, and names no document', async () => {
  const name = 'a name that no metric may hold'
  {
    await using writer = await connectHocuspocus(server, name)
    await using reader = await connectHocuspocus(server, name, { user: 'reader' })
    await expect.poll(() => writer.isSaved && reader.isSaved).toBe(true)
    writer.text.insert(0, 'hello')
    await expect.poll(() => reader.text.toJSON()).toBe('hello')
    await expect.poll(() => valueOf('codraft_message_latency_seconds_count')).toBeGreaterThan(0)
    expect(await valueOf('codraft_document_visits')).toBe(2)
    expect(await valueOf('codraft_reconnections_total')).toBe(0)
    expect(await valueOf('codraft_authentications_total{result="accepted"}')).toBe(2)
    await using again = await connectHocuspocus(server, name, { user: 'back', document: reader.document })
    await expect.poll(() => again.isSaved).toBe(true)
    expect(await valueOf('codraft_reconnections_total')).toBe(1)
  }
  await using forger = await connectHocuspocus(server, name, { secret: 'x'.repeat(40) })
  await expect.poll(() => forger.deniedReason).toContain('CODRAFT_TOKEN_INVALID')
  expect(await valueOf('codraft_authentications_total{result="refused"}')).toBe(1)
  await expect.poll(() => valueOf('codraft_document_visits')).toBe(0)
  expect(await metrics()).not.toContain(name)
})

it('shows durability, disk, topics and the state of each part', async () => {
  await expect
    .poll(() => valueOf('codraft_topic_partition_end_offset{topic="notifications",partition="0"}'))
    .toBe(0)
  expect(await valueOf('codraft_durability_level')).toBe(2)
  expect(await valueOf('codraft_dependency_state{dependency="journal"}')).toBe(0)
  expect(await valueOf('codraft_dead_letters{topic="exports-dlq"}')).toBe(0)
  expect(await valueOf('codraft_outbox_oldest_seconds')).toBe(0)
  const used = await valueOf('codraft_disk_used_ratio')
  expect(used).toBeGreaterThan(0)
  expect(used).toBeLessThan(1)
})
