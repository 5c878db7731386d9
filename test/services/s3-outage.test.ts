import { afterAll, beforeAll, expect, it } from 'vitest'
import { s3 } from '../../scripts/services/s3.ts'
import { connectHocuspocus } from '../helpers/clients.ts'
import { createBucket, settingsOf } from '../helpers/s3.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { startOwn, type OwnService } from '../helpers/services.ts'

const outageMs = 30_000

let service: OwnService
let server: TestServer
let settings: Record<string, string>
beforeAll(async () => {
  service = await startOwn(s3)
  settings = { ...settingsOf(await createBucket(service.env)), COMPACT_AFTER_MS: '1000' }
  server = await startServer({ env: settings })
})
afterAll(async () => {
  await server.close()
  await service.close()
})

interface Health {
  readonly state: string
  readonly dependencies: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
const health = async (): Promise<Health & { status: number }> => {
  const response = await fetch(`${server.url}/health/ready`)
  return { status: response.status, ...((await response.json()) as Health) }
}
const allStored = { state: 'ready', dependencies: { snapshots: { failing: 0, oldestUnstoredMs: 0 } } }

it('30 s without S3: edits are acknowledged all the time, and stored afterwards by themselves', async () => {
  await using writer = await connectHocuspocus(server, 'doc')
  await expect.poll(() => writer.isSaved).toBe(true)
  writer.text.insert(0, 'before; ')
  await expect.poll(() => writer.isSaved).toBe(true)
  await expect.poll(health).toMatchObject(allStored)

  await service.kill()
  const end = performance.now() + outageMs
  let slowestMs = 0
  let edits = 0
  while (performance.now() < end) {
    const startedAt = performance.now()
    writer.text.insert(writer.text.length, `edit ${edits++}; `)
    await expect.poll(() => writer.isSaved, { interval: 5, timeout: 5_000 }).toBe(true)
    slowestMs = Math.max(slowestMs, performance.now() - startedAt)
  }
  process.stdout.write(`${edits} edits without S3, slowest acknowledgement ${Math.round(slowestMs)} ms\n`)
  expect(await health()).toMatchObject({
    status: 200,
    state: 'degraded',
    dependencies: { objectStore: { state: 'degraded' }, journal: { state: 'ready' } },
  })

  await service.start()
  await expect.poll(health, { timeout: 90_000 }).toMatchObject(allStored)
  // A server that has nothing but the bucket has all of it.
  await server.kill('SIGKILL')
  const other = await startServer({ env: settings })
  await using reader = await connectHocuspocus(other, 'doc')
  await expect.poll(() => reader.isSaved).toBe(true)
  expect(reader.text.toJSON()).toBe(writer.text.toJSON())
  await other.close()
})

it('a server that starts while S3 is away comes up degraded, and is ready when S3 is back', async () => {
  await service.kill()
  await server.restart('SIGKILL')
  expect(await health()).toMatchObject({ status: 200, state: 'degraded' })
  await using client = await connectHocuspocus(server, 'doc')
  await service.start()
  await expect.poll(health, { timeout: 30_000 }).toMatchObject({ state: 'ready' })
  await expect.poll(() => client.isSaved, { timeout: 30_000 }).toBe(true)
  expect(client.text.toJSON()).toContain('before; ')
})
