import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { expect, onTestFinished, test } from 'vitest'
import * as Y from 'yjs'
import { decodeEvent, EditPublisher, SqliteEventLog, topicSpecs } from '../../extensions/events/index.ts'
import { SqliteJournal } from '../../extensions/journal/index.ts'

const traceSpans = (): InMemorySpanExporter => {
  const exporter = new InMemorySpanExporter()
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(
    new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  )
  onTestFinished(() => {
    context.disable()
    propagation.disable()
    trace.disable()
  })
  return exporter
}

const editOf = (text: string): Uint8Array => {
  const document = new Y.Doc()
  document.getText('text').insert(0, text)
  return Y.encodeStateAsUpdate(document)
}

test('the event of edits that were journaled as one record links to the traces of all of them', async () => {
  const exporter = traceSpans()
  const folder = await mkdtemp(join(tmpdir(), 'codraft-merged-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const journal = await SqliteJournal.open({ path: join(folder, 'journal.sqlite') })
  const log = await SqliteEventLog.open({ path: join(folder, 'events.sqlite') })
  await log.ensureTopics(topicSpecs)
  const spanIds = ['b7ad6b7169203331', 'c7ad6b7169203332']
  const [ann, bob] = spanIds.map((spanId, index) => `00-${`${index + 1}`.repeat(32)}-${spanId}-01`)
  journal.append('doc', editOf('a'), { userId: 'ann', traceparent: ann! })
  journal.append('doc', editOf('b'), { userId: 'bob', traceparent: bob! })
  await journal.whenDurable(journal.append('doc', editOf('c')))
  expect(await journal.read('doc')).toHaveLength(1)

  const publisher = new EditPublisher({
    journal,
    log,
    positions: { claim: async () => new Map([['doc', 0]]), save: async () => {}, read: async () => 0 },
    base: async () => undefined,
    gatherMs: 0,
  })
  publisher.start()
  await expect.poll(() => log.read('document-edits')).toHaveLength(1)
  await publisher.stop()
  const [event] = (await log.read('document-edits')).map(decodeEvent)
  await log.close()
  await journal.close()
  const [span, ...others] = exporter.getFinishedSpans()
  expect(others).toEqual([])
  expect(span?.name).toBe('send document-edits')
  expect(span?.links.map((link) => link.context.spanId)).toEqual(spanIds)
  const { traceId, spanId } = span!.spanContext()
  expect(event?.traceparent).toBe(`00-${traceId}-${spanId}-01`)
})
