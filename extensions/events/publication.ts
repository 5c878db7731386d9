import { startCaused, type TracedSpan } from '../tracing/index.ts'

/** What a span may tell of an event. */
interface Published {
  readonly id: string
  readonly documentName: string
}

/** The span of an event's way into the log; the event names it as its cause. Undefined when no cause is traced. */
export const startPublication = (
  topic: string,
  causes: readonly string[],
  { id, documentName }: Published,
): TracedSpan | undefined =>
  startCaused(causes, `send ${topic}`, {
    kind: 'producer',
    attributes: {
      'messaging.operation.type': 'send',
      'messaging.destination.name': topic,
      'messaging.message.id': id,
      'codraft.document': documentName,
    },
  })

/** Resolves as `publishing` does, and ends the spans with it. */
export const endingWith = async (
  spans: readonly (TracedSpan | undefined)[],
  publishing: Promise<void>,
): Promise<void> => {
  try {
    await publishing
    for (const span of spans) span?.end()
  } catch (error) {
    for (const span of spans) span?.fail(error)
    throw error
  }
}
