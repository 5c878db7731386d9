import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import {
  activeTraceparent,
  continueTraces,
  inSpan,
  outsideTraces,
  startActive,
  startCaused,
} from './trace.ts'

const exporter = new InMemorySpanExporter()
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  const spanProcessors = [new SimpleSpanProcessor({ exporter })]
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }))
})
beforeEach(() => exporter.reset())
afterAll(() => {
  context.disable()
  propagation.disable()
  trace.disable()
})

const traceIds = ['0af7651916cd43dd8448eb211c80319c', '1bf7651916cd43dd8448eb211c80319d']
const spanIds = ['b7ad6b7169203331', 'c7ad6b7169203332']
const [first = '', second = ''] = traceIds.map((traceId, index) => `00-${traceId}-${spanIds[index]}-01`)
const unsampled = first.replace(/01$/, '00')
const kind = { kind: 'consumer' } as const

it('is beneath its one cause, however often that is named', () => {
  startCaused([first, unsampled, first, 'nonsense'], 'work', kind)?.end()
  const [span] = exporter.getFinishedSpans()
  expect(span?.spanContext().traceId).toBe(traceIds[0])
  expect(span?.parentSpanContext?.spanId).toBe(spanIds[0])
  expect(span?.links).toEqual([])
})

it('links to several causes from a trace of its own', () => {
  startCaused([first, second], 'work', kind)?.end()
  const [span] = exporter.getFinishedSpans()
  expect(span?.parentSpanContext).toBeUndefined()
  expect(traceIds).not.toContain(span?.spanContext().traceId)
  expect(span?.links.map((link) => link.context.spanId)).toEqual(spanIds)
})

it('is nothing where no cause is sampled, and what is done then belongs to no trace', async () => {
  expect(startCaused([unsampled, 'nonsense'], 'work', kind)).toBeUndefined()
  await startActive('request', kind).around(async () => {
    expect(activeTraceparent()).toBeDefined()
    expect(outsideTraces(activeTraceparent)).toBeUndefined()
    expect(await continueTraces([unsampled], 'work', kind, async () => activeTraceparent())).toBeUndefined()
  })
})

it('tells of an error by its type, and passes it on', async () => {
  const failing = inSpan('work', kind, () => Promise.reject(new TypeError('what somebody wrote')))
  await expect(failing).rejects.toThrow('what somebody wrote')
  const traced = continueTraces([first], 'work', kind, () => inSpan('part', kind, () => failing))
  await expect(traced).rejects.toThrow('what somebody wrote')
  const spans = exporter.getFinishedSpans()
  expect(spans.map(({ name, attributes }) => [name, attributes])).toEqual([
    ['part', { 'error.type': 'TypeError' }],
    ['work', { 'error.type': 'TypeError' }],
  ])
})
