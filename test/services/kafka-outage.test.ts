import { afterEach, beforeEach, expect, it } from 'vitest'
import { kafka } from '../../scripts/services/kafka.ts'
import { connectHocuspocus } from '../helpers/clients.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { startOwn, type OwnService } from '../helpers/services.ts'

/** How long Kafka is away while people edit and share. */
const awayMs = 60_000

let broker: OwnService
let server: TestServer
beforeEach(async () => {
  broker = await startOwn(kafka)
  server = await startServer({ env: { KAFKA_BROKERS: broker.env['CODRAFT_TEST_KAFKA_BROKERS'] } })
})
afterEach(async () => {
  await server.close()
  await broker.close()
})

const eventsHealth = async () => {
  const response = await fetch(`${server.url}/health/ready`)
  const { dependencies } = (await response.json()) as { dependencies: Record<string, { state: string }> }
  return { status: response.status, events: dependencies['events']?.state }
}

const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const line = text.split('\n').find((line) => line.startsWith(`${name} `))
  return Number(line?.split(' ').at(-1))
}

it(
  'Kafka goes away for a minute while people edit and share: nobody notices, and nothing is lost',
  { timeout: 300_000 },
  async () => {
    const owner = await restClient(server, 'ann', { documents: { '*': 'owner' } })
    const total = async () => (await owner.get(documentPath('notes', '/analytics'))).json['total']
    await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
    ann.text.insert(0, 'before ')
    await expect.poll(total, { timeout: 60_000 }).toMatchObject({ opens: 1, edits: 1, inserted: 7 })
    expect(await eventsHealth()).toEqual({ status: 200, events: 'ready' })

    await broker.kill()
    const endsAt = performance.now() + awayMs
    let edits = 1
    let shares = 0
    let slowestAckMs = 0
    let slowestShareMs = 0
    let wasDegraded = false
    let oldestUnpublishedSeconds = 0
    while (performance.now() < endsAt) {
      const sentAt = performance.now()
      ann.text.insert(ann.text.length, 'x')
      edits += 1
      await expect.poll(() => ann.isSaved, { interval: 5 }).toBe(true)
      slowestAckMs = Math.max(slowestAckMs, performance.now() - sentAt)
      if (edits % 20 === 0) {
        const sharedAt = performance.now()
        const body = { email: `guest-${shares}@example.org`, role: 'viewer' }
        expect((await owner.post(documentPath('notes', '/share'), { body })).status).toBe(201)
        shares += 1
        slowestShareMs = Math.max(slowestShareMs, performance.now() - sharedAt)
        const { status, events } = await eventsHealth()
        expect(status).toBe(200)
        wasDegraded ||= events === 'degraded'
        const oldest = await metric('codraft_oldest_unpublished_edit_seconds')
        oldestUnpublishedSeconds = Math.max(oldestUnpublishedSeconds, oldest)
      }
    }
    expect(wasDegraded).toBe(true)
    expect(oldestUnpublishedSeconds).toBeGreaterThan(30)

    const backAt = performance.now()
    await broker.start()
    await expect
      .poll(total, { timeout: 120_000 })
      .toMatchObject({ opens: 1, edits, inserted: 7 + edits - 1, editors: 1 })
    const recoveredMs = performance.now() - backAt
    await expect.poll(() => metric('codraft_worker_lag{worker="analytics"}'), { timeout: 30_000 }).toBe(0)
    await expect.poll(() => metric('codraft_oldest_unpublished_edit_seconds')).toBe(0)
    await expect.poll(eventsHealth).toEqual({ status: 200, events: 'ready' })

    process.stdout.write(
      `\nKafka away for ${awayMs / 1000} s: ${edits} edits (slowest acknowledged after ${Math.round(slowestAckMs)} ms), ` +
        `${shares} shares (slowest answered after ${Math.round(slowestShareMs)} ms), ` +
        `all counted ${Math.round(recoveredMs / 1000)} s after its start\n`,
    )
  },
)
