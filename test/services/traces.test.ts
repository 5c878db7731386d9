import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kafka } from '../../scripts/services/kafka.ts'
import { collectedSpans, collectorSettings, type CollectedSpan } from '../helpers/collector.ts'
import { connectHocuspocus } from '../helpers/clients.ts'
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
  workers = await startWorkers('email,changes,analytics', fleet.instances[0]!, {
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
    .poll(
      async () => {
        found = (await collectedSpans(service)).filter((span) => span.name === name && fits(span))
        return found.length
      },
      { timeout: 60_000 },
    )
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

it('an edit over a socket is one trace: until it is durable, at the other instances, its event, the workers', async () => {
  const [a, b] = fleet.instances
  await using writer = await connectHocuspocus(a!, 'draft', { user: 'ann' })
  await using reader = await connectHocuspocus(b!, 'draft', { user: 'bob' })
  await expect.poll(() => writer.isSaved && reader.isSaved).toBe(true)
  writer.text.insert(0, 'a secret thought')
  await expect.poll(() => reader.text.toJSON()).toBe('a secret thought')

  const edit = await spanWhere('edit', isAbout('draft'))
  const inTrace = ({ traceId }: CollectedSpan): boolean => traceId === edit.traceId
  const relayed = await spanWhere('relay edit', inTrace)
  const sent = await spanWhere('send document-edits', inTrace)
  expect(edit).toMatchObject({ parentSpanId: '', pid: a!.pid, attributes: { 'user.id': 'ann' } })
  expect(relayed).toMatchObject({ parentSpanId: edit.spanId, pid: b!.pid })
  expect(sent.parentSpanId).toBe(edit.spanId)
  for (const worker of ['changes', 'analytics']) {
    const group = `codraft-${worker}`
    const processed = await spanWhere(
      'process document-edits',
      ({ attributes, parentSpanId }) =>
        attributes['messaging.consumer.group.name'] === group && parentSpanId === sent.spanId,
    )
    expect(processed).toMatchObject({ traceId: edit.traceId, pid: workers.pid })
  }
  expect(JSON.stringify(await collectedSpans(service))).not.toContain('secret thought')
})

it('edits that are handled together are linked from the span that handles them', async () => {
  const [a] = fleet.instances
  await using writer = await connectHocuspocus(a!, 'list', { user: 'ann' })
  for (let count = 0; count < 5; count++) {
    writer.text.insert(0, 'x')
    await expect.poll(() => writer.isSaved).toBe(true)
  }
  const spans = async (): Promise<readonly CollectedSpan[]> => collectedSpans(service)
  const handled = async (): Promise<number> => {
    const all = await spans()
    const edits = new Set(all.filter(isAbout('list')).filter(named('edit')).map(idOf))
    const sends = all
      .filter(named('send document-edits'))
      .filter(({ parentSpanId }) => edits.has(parentSpanId))
    const linked = new Set(
      all
        .filter(named('process document-edits'))
        .filter(({ attributes }) => attributes['messaging.consumer.group.name'] === 'codraft-changes')
        .flatMap(({ links, parentSpanId }) => [...links, parentSpanId]),
    )
    return sends.filter(({ spanId }) => linked.has(spanId)).length
  }
  await expect.poll(handled, { timeout: 60_000 }).toBe(5)
  const processed = (await spans()).filter(named('process document-edits'))
  expect(processed.filter(({ links }) => links.length > 1)).not.toEqual([])
})

const named =
  (name: string) =>
  (span: CollectedSpan): boolean =>
    span.name === name
const isAbout =
  (documentName: string) =>
  (span: CollectedSpan): boolean =>
    span.attributes['codraft.document'] === documentName
const idOf = ({ spanId }: CollectedSpan): string => spanId
