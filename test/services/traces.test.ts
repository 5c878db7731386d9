import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kafka } from '../../scripts/services/kafka.ts'
import { collectedSpans, collectorSettings, type CollectedSpan } from '../helpers/collector.ts'
import { startFleet, type Fleet } from '../helpers/fleet.ts'
import { mailsTo } from '../helpers/mailpit.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { settingsOf } from '../helpers/s3.ts'
import { serviceVariable, startOwn, type OwnService } from '../helpers/services.ts'
import { startWorkers, type WorkerProcess } from '../helpers/worker-process.ts'

const service = `codraft-${randomUUID()}`
let broker: OwnService
let fleet: Fleet
let workers: WorkerProcess
beforeAll(async () => {
  broker = await startOwn(kafka)
  const redisUrl = serviceVariable('CODRAFT_TEST_REDIS_URL')
  const env = {
    KAFKA_BROKERS: broker.env['CODRAFT_TEST_KAFKA_BROKERS'] as string,
    ...collectorSettings(service),
  }
  fleet = await startFleet({ redisUrls: [redisUrl, redisUrl], env: { WORKERS: 'none', ...env } })
  workers = await startWorkers('email', fleet.instances[0]!, {
    ...env,
    DATABASE_URL: fleet.databaseUrl,
    ...settingsOf(fleet.bucket),
    SMTP_URL: serviceVariable('CODRAFT_TEST_SMTP_URL'),
  })
})
afterAll(async () => {
  await workers.kill('SIGKILL')
  await fleet.close()
  await broker.close()
})

/** The only span of this name that fits, once the collector has written it. */
const spanWhere = async (
  name: string,
  fits: (span: CollectedSpan) => boolean = () => true,
): Promise<CollectedSpan> => {
  let found: CollectedSpan[] = []
  await expect
    .poll(async () => {
      found = (await collectedSpans(service)).filter((span) => span.name === name && fits(span))
      return found.length
    })
    .toBe(1)
  return found[0]!
}

it('a share is one trace: the request, its event, the worker, the mail', async () => {
  const owner = await restClient(fleet.instances[0]!, 'ann', { documents: null })
  const name = 'minutes'
  expect((await owner.put(documentPath(name), { body: 'what was said' })).status).toBeLessThan(300)
  const email = `${randomUUID()}@example.org`
  const { status } = await owner.post(documentPath(name, '/share'), { body: { email, role: 'editor' } })
  expect(status).toBe(201)
  await expect.poll(async () => (await mailsTo(email)).length, { timeout: 60_000 }).toBe(1)

  const request = await spanWhere('POST /api/documents/:name/share')
  const inTrace = ({ traceId }: CollectedSpan): boolean => traceId === request.traceId
  const sent = await spanWhere('send notifications', inTrace)
  const processed = await spanWhere('process notifications', inTrace)
  const mailed = await spanWhere('send mail', inTrace)
  expect(request).toMatchObject({ parentSpanId: '', pid: fleet.instances[0]!.pid })
  expect(sent.parentSpanId).toBe(request.spanId)
  expect(processed).toMatchObject({ parentSpanId: sent.spanId, pid: workers.pid })
  expect(mailed).toMatchObject({ parentSpanId: processed.spanId, pid: workers.pid })
  expect(JSON.stringify(await collectedSpans(service))).not.toMatch(/what was said|example\.org/)
})
