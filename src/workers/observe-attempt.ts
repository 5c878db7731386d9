import { topicOf, type AnyEvent } from '../../extensions/events/index.ts'
import { continueTraces } from '../../extensions/tracing/index.ts'
import { groupOf } from './Worker.ts'
import type { WorkerMetrics } from './WorkerMetrics.ts'

interface Attempt {
  readonly worker: { readonly name: string }
  readonly metrics: WorkerMetrics
  /** 1 at the first attempt. */
  readonly attempt: number
}

/**
 * Runs an attempt to handle events of one topic, and tells metrics how long it took: beneath the publication of a single one, in a span that links to the
 * publications of several. Where none of them is traced, outside of all traces.
 */
export const observeAttempt = async (
  { worker, metrics, attempt }: Attempt,
  events: readonly [AnyEvent, ...AnyEvent[]],
  work: () => Promise<void>,
): Promise<void> => {
  const [{ id, type, documentName }] = events
  const topic = topicOf(type)
  const attributes = {
    'messaging.operation.type': 'process',
    'messaging.destination.name': topic,
    'messaging.consumer.group.name': groupOf(worker.name),
    'codraft.attempt': attempt,
    ...(events.length > 1
      ? { 'messaging.batch.message_count': events.length }
      : { 'messaging.message.id': id, 'codraft.document': documentName, 'codraft.event': type }),
  }
  const causes = events.flatMap(({ traceparent }) => traceparent ?? [])
  const start = performance.now()
  try {
    await continueTraces(causes, `process ${topic}`, { kind: 'consumer', attributes }, work)
  } finally {
    metrics.took(worker.name, performance.now() - start)
  }
}
