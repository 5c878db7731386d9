import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteJournal } from '../../extensions/journal/index.ts'
import { connectHocuspocus } from '../helpers/clients.ts'
import { RestClient } from '../helpers/rest.ts'
import { startServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
}

const traceId = '0af7651916cd43dd8448eb211c80319c'
const callerSpan = 'b7ad6b7169203331'
const traceparent = `00-${traceId}-${callerSpan}-01`

/** Takes OTLP over HTTP as a collector does. */
const startCollector = async () => {
  const spans: Span[] = []
  const bodies: string[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      bodies.push(text)
      const body = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }
      for (const { scopeSpans } of body.resourceSpans)
        for (const scope of scopeSpans) spans.push(...scope.spans)
      response.setHeader('content-type', 'application/json').end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { spans, bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const start = async (env: Record<string, string>) => {
  const server = await startServer({ env })
  onTestFinished(() => server.close())
  return { server, owner: new RestClient(server, await testToken('ann', { documents: null })) }
}

test('a share and the mail that it causes are one trace, the one of the caller', async () => {
  const collector = await startCollector()
  const { server, owner } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const headers = { traceparent }
  await owner.put('/api/documents/plan', { headers, query: { format: 'text' }, body: 'a secret plan' })
  const body = { email: 'bob@example.com', role: 'editor' }
  const shared = await owner.post('/api/documents/plan/share', { headers, body })
  expect(shared.status).toBeLessThan(300)
  const named = (name: string) => collector.spans.find((span) => span.name === name)
  await expect.poll(() => named('send mail')).toBeDefined()
  await expect.poll(() => named('POST /api/documents/:name/share')).toBeDefined()

  const request = named('POST /api/documents/:name/share')
  expect(request).toMatchObject({ traceId, parentSpanId: callerSpan })
  const mail = named('send mail')
  expect(mail?.traceId).toBe(traceId)
  const process = collector.spans.find(({ spanId }) => spanId === mail?.parentSpanId)
  expect(process).toMatchObject({ name: 'process notifications' })
  const sent = collector.spans.find(({ spanId }) => spanId === process?.parentSpanId)
  expect(sent).toMatchObject({ name: 'send notifications', parentSpanId: request?.spanId })
  await server.kill('SIGTERM')
  expect(collector.bodies.join('')).not.toContain('secret plan')
  expect(collector.bodies.join('')).not.toContain('bob@example.com')
})

test('a request that its caller does not trace is not traced', async () => {
  const collector = await startCollector()
  const { server, owner } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  await owner.get('/api/documents', { headers: { traceparent: traceparent.replace(/01$/, '00') } })
  await owner.get('/api/documents', { headers: { traceparent: 'nonsense' } })
  // Everything is sent before it ends.
  await server.kill('SIGTERM')
  expect(collector.spans.map(({ traceId }) => traceId)).toEqual([expect.not.stringMatching(traceId)])
})

const originsIn = async (dataDir: string) => {
  const journal = await SqliteJournal.open({ path: join(dataDir, 'journal.sqlite') })
  const records = await journal.read('plan')
  await journal.close()
  return records.flatMap(({ origins }) => origins)
}

test('edits are traced from clients to the event, those of requests beneath them, without what they say', async () => {
  const collector = await startCollector()
  const { server, owner } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  await owner.put('/api/documents/plan', { headers: { traceparent }, query: { format: 'text' }, body: 'one' })
  await using writer = await connectHocuspocus(server, 'plan', { user: 'bob' })
  await expect.poll(() => writer.isSaved).toBe(true)
  writer.text.insert(0, 'a secret thought')
  await expect.poll(() => writer.isSaved).toBe(true)
  await server.kill('SIGTERM')

  const [ofRequest, ofClient] = collector.spans.filter(({ name }) => name === 'edit')
  const request = collector.spans.find(({ name }) => name === 'PUT /api/documents/:name')
  expect(ofRequest).toMatchObject({ traceId, parentSpanId: request?.spanId })
  expect(ofClient?.parentSpanId).toBeUndefined()
  const traces = (await originsIn(server.dataDir)).map((origin) => origin.traceparent)
  expect(traces).toEqual([ofRequest, ofClient].map((span) => `00-${span?.traceId}-${span?.spanId}-01`))
  const sends = collector.spans.filter(({ name }) => name === 'send document-edits')
  expect(new Set(sends.map((span) => span.traceId))).toEqual(new Set([traceId, ofClient?.traceId]))
  expect(collector.bodies.join('')).not.toContain('secret thought')
})

test('edits that are not sampled are journaled and published as if nothing were traced', async () => {
  const collector = await startCollector()
  const { server } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER_ARG: '0',
  })
  await using writer = await connectHocuspocus(server, 'plan', { user: 'bob' })
  await expect.poll(() => writer.isSaved).toBe(true)
  writer.text.insert(0, 'x')
  await expect.poll(() => writer.isSaved).toBe(true)
  await server.kill('SIGTERM')
  expect(await originsIn(server.dataDir)).toEqual([{ userId: 'bob' }])
  expect(collector.spans).toEqual([])
})

test('a collector that is away harms no request', async () => {
  const { server, owner } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' })
  expect((await owner.get('/api/documents')).status).toBe(200)
  expect(await server.kill('SIGTERM')).toBe(0)
})
