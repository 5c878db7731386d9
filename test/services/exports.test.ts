import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeEvent, KafkaEventLog, type CodraftEvent } from '../../extensions/events/index.ts'
import { S3Downloads } from '../../src/exports/index.ts'
import { exportedFile, finishedExport, requestExport, startExportsWorker } from '../helpers/exports.ts'
import { documentPath, restClient, type RestClient } from '../helpers/rest.ts'
import { createBucket, settingsOf } from '../helpers/s3.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { serviceVariable } from '../helpers/services.ts'

const hourMs = 3_600_000
const markdown = '# Minutes\n\nשלום **bold** 你好\n'
const brokers = serviceVariable('CODRAFT_TEST_KAFKA_BROKERS')
const log = new KafkaEventLog({ brokers: brokers.split(',') })
afterAll(() => log.close())

const readyEvent = async (exportId: string): Promise<CodraftEvent<'export.ready'> | undefined> =>
  (await log.read('notifications'))
    .map(decodeEvent)
    .filter((event) => event.type === 'export.ready')
    .find(({ data }) => data.exportId === exportId)

describe('exports over Kafka and S3', () => {
  const name = `minutes-${randomUUID()}`
  let bucket: Awaited<ReturnType<typeof createBucket>>
  let env: Readonly<Record<string, string>>
  let server: TestServer
  let owner: RestClient

  const start = async (more: Readonly<Record<string, string>> = {}): Promise<void> => {
    bucket = await createBucket(process.env)
    env = { ...settingsOf(bucket), KAFKA_BROKERS: brokers, COMPACT_AFTER_MS: '100', ...more }
    server = await startServer({ env: { ...env, WORKERS: 'none' } })
    owner = await restClient(server, 'olga', { documents: { '*': 'owner' } })
    const headers = { 'content-type': 'text/markdown' }
    expect((await owner.put(documentPath(name), { headers, body: markdown })).status).toBeLessThan(300)
  }

  describe('as files that are fetched from the bucket', () => {
    beforeAll(() => start())
    afterAll(() => server.close())

    it('a request becomes a file, and the news of it a link; it fails when it was changed, and after its hour', async () => {
      await using _worker = await startExportsWorker(server, env)
      const id = await requestExport(owner, name, 'pdf')
      const view = await finishedExport(owner, id)
      await expect
        .poll(() => readyEvent(id), { timeout: 30_000 })
        .toMatchObject({
          documentName: name,
          userId: 'olga',
          data: { format: 'pdf', state: 'ready', expiresAt: expect.any(Number) },
        })
      const { url = '', expiresAt = 0 } = (await readyEvent(id))!.data
      expect(new URL(url).origin).toBe(new URL(bucket.endpoint).origin)
      expect(Math.abs(expiresAt - Date.now() - hourMs)).toBeLessThan(60_000)
      const response = await fetch(url)
      const file = Buffer.from(await response.arrayBuffer())
      expect(file.toString('latin1', 0, 5)).toBe('%PDF-')
      expect(file).toHaveLength(view.file!.bytes)
      expect(response.headers.get('content-disposition')).toBe(`attachment; filename=${name}.pdf`)

      const changed = new URL(url)
      changed.searchParams.set('X-Amz-Expires', '86400')
      expect((await fetch(changed)).status).toBe(403)
      const key = new URL(url).pathname.slice(`/${bucket.bucket}/`.length)
      const anHourAgo = await S3Downloads.open({ ...bucket, now: () => Date.now() - hourMs - 2_000 })
      const old = await anHourAgo.link({ key, fileName: 'old.pdf', mediaType: 'application/pdf' })
      anHourAgo.close()
      expect((await fetch(old.url)).status).toBe(403)

      expect((await owner.delete(documentPath(name), { query: { mode: 'erase' } })).status).toBe(204)
      expect((await fetch(url)).status).toBe(404)
    })
  })

  describe('as files that are encrypted in the bucket', () => {
    beforeAll(() => start({ SNAPSHOT_ENCRYPTION_KEY: Buffer.alloc(32, 'k').toString('base64') }))
    afterAll(() => server.close())

    it('the link is one of the server, and the bucket holds no text of them', async () => {
      await using _worker = await startExportsWorker(server, env)
      expect((await exportedFile(owner, name, 'md')).toString()).toContain('# Minutes')
      const { file } = await finishedExport(owner, await requestExport(owner, name, 'md'))
      expect(file!.url).toContain(`${server.url}/api/downloads/`)
      const direct = await S3Downloads.open(bucket)
      const [key = ''] = await Array.fromAsync(direct.list('exports/'))
      const { url } = await direct.link({ key, fileName: 'x', mediaType: 'text/plain' })
      const stored = Buffer.from(await (await fetch(url)).arrayBuffer())
      direct.close()
      expect(stored.length).toBeGreaterThan(0)
      expect(stored.includes('Minutes')).toBe(false)
    })
  })
})
