import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { S3Downloads } from '../../src/exports/index.ts'
import { exportedFile, finishedExport, requestExport } from '../helpers/exports.ts'
import { mailsTo, type DeliveredMail } from '../helpers/mailpit.ts'
import { documentPath, restClient, type RestClient } from '../helpers/rest.ts'
import { createBucket, settingsOf } from '../helpers/s3.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { serviceVariable } from '../helpers/services.ts'
import { startWorkers } from '../helpers/worker-process.ts'

const hourMs = 3_600_000
const markdown = '# Minutes\n\nשלום **bold** 你好\n'
const brokers = serviceVariable('CODRAFT_TEST_KAFKA_BROKERS')
const smtpUrl = serviceVariable('CODRAFT_TEST_SMTP_URL')

const linkIn = ({ text }: DeliveredMail): string => /^Download:\s+(\S+)/m.exec(text)?.[1] ?? ''

describe('exports over Kafka, S3 and SMTP', () => {
  const name = `minutes-${randomUUID()}`
  const email = `olga-${randomUUID()}@example.org`
  let bucket: Awaited<ReturnType<typeof createBucket>>
  let env: Readonly<Record<string, string>>
  let server: TestServer
  let owner: RestClient

  const start = async (more: Readonly<Record<string, string>> = {}): Promise<void> => {
    bucket = await createBucket(process.env)
    env = { ...settingsOf(bucket), KAFKA_BROKERS: brokers, COMPACT_AFTER_MS: '100', ...more }
    server = await startServer({
      env: { ...env, WORKERS: 'email', SMTP_URL: smtpUrl, MAIL_QUIET_MS: '0' },
    })
    owner = await restClient(server, 'olga', { email, documents: { '*': 'owner' } })
    const headers = { 'content-type': 'text/markdown' }
    expect((await owner.put(documentPath(name), { headers, body: markdown })).status).toBeLessThan(300)
  }

  describe('as files that are fetched from the bucket', () => {
    beforeAll(() => start())
    afterAll(() => server.close())

    it('a request becomes one mail, and its link the file; it fails when it was changed, and after its hour', async () => {
      await using _worker = await startWorkers('exports', server, env)
      const { file: made } = await finishedExport(owner, await requestExport(owner, name, 'pdf'))
      await expect.poll(() => mailsTo(email), { timeout: 30_000 }).toHaveLength(1)
      const [mail] = await mailsTo(email)
      expect(mail!.subject).toBe(`“${name}” is ready as PDF`)
      const url = linkIn(mail!)
      expect(new URL(url).origin).toBe(new URL(bucket.endpoint).origin)

      const response = await fetch(url)
      const file = Buffer.from(await response.arrayBuffer())
      expect(file.toString('latin1', 0, 5)).toBe('%PDF-')
      expect(file).toHaveLength(made!.bytes)
      const key = decodeURIComponent(new URL(url).pathname).slice(`/${bucket.bucket}/`.length)
      const sha256 = createHash('sha256').update(file).digest('hex')
      expect(key).toMatch(new RegExp(`^exports/.*-${sha256.slice(0, 12)}\\.pdf$`))
      expect(response.headers.get('content-disposition')).toBe(`attachment; filename=${name}.pdf`)

      // Events of a document come in their order: by the mail of a later one, a second of the first would be there.
      await finishedExport(owner, await requestExport(owner, name, 'md'))
      await expect
        .poll(async () => (await mailsTo(email)).map(({ subject }) => subject), { timeout: 30_000 })
        .toEqual([`“${name}” is ready as PDF`, `“${name}” is ready as MD`])

      const changed = new URL(url)
      changed.searchParams.set('X-Amz-Expires', '86400')
      expect((await fetch(changed)).status).toBe(403)
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
      await using _worker = await startWorkers('exports', server, env)
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
