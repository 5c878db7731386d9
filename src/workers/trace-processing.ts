import { topicOf, type AnyEvent } from '../../extensions/events/index.ts'
import { continueTraces } from '../../extensions/tracing/index.ts'
import { groupOf } from './Worker.ts'

/**
 * Runs an attempt to handle events of one topic: beneath the publication of a single one, in a span that links to the
 * publications of several. Where none of them is traced, outside of all traces.
 */
export const traceProcessing = (
  { workerName, attempt }: { readonly workerName: string; readonly attempt: number },
  events: readonly [AnyEvent, ...AnyEvent[]],
  work: () => Promise<void>,
): Promise<void> => {
  const [{ id, type, documentName }] = events
  const topic = topicOf(type)
  const attributes = {
    'messaging.operation.type': 'process',
    'messaging.destination.name': topic,
    'messaging.consumer.group.name': groupOf(workerName),
    'codraft.attempt': attempt,
    ...(events.length > 1
      ? { 'messaging.batch.message_count': events.length }
      : { 'messaging.message.id': id, 'codraft.document': documentName, 'codraft.event': type }),
  }
  const causes = events.flatMap(({ traceparent }) => traceparent ?? [])
  return continueTraces(causes, `process ${topic}`, { kind: 'consumer', attributes }, work)
}
