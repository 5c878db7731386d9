import {
  endingWith,
  startPublication,
  type CodraftEvent,
  type Message,
} from '../../extensions/events/index.ts'
import type { TracedSpan } from '../../extensions/tracing/index.ts'

/** An event as the outbox holds it. */
export interface QueuedEvent {
  readonly sequence: number
  readonly topic: string
  readonly key: string
  /** The envelope. */
  readonly payload: unknown
}

export interface DrainParts {
  /** The oldest that are not published, in their order. */
  readonly list: (limit: number) => Promise<readonly QueuedEvent[]>
  readonly publish: (topic: string, messages: readonly Message[]) => Promise<void>
  readonly mark: (sequences: readonly number[]) => Promise<void>
}

/**
 * Publishes up to `limit` events of the outbox and resolves to their number. They are marked after they are
 * published: should this end between the two, they are published again, with the same ids.
 */
export const drainOutbox = async ({ list, publish, mark }: DrainParts, limit: number): Promise<number> => {
  const events = await list(limit)
  const byTopic = Map.groupBy(events, ({ topic }) => topic)
  for (const [topic, queued] of byTopic) {
    const outgoing = queued.map(prepare)
    await endingWith(
      outgoing.map(({ span }) => span),
      publish(
        topic,
        outgoing.map(({ message }) => message),
      ),
    )
    await mark(queued.map(({ sequence }) => sequence))
  }
  return events.length
}

/** An event whose cause is traced names its publication as its cause. */
const prepare = ({
  topic,
  key,
  payload,
}: QueuedEvent): { message: Message; span: TracedSpan | undefined } => {
  const event = payload as CodraftEvent | null
  const span = event?.traceparent ? startPublication(topic, [event.traceparent], event) : undefined
  const sent = span ? { ...event, traceparent: span.traceparent } : payload
  return { message: { key, value: JSON.stringify(sent) }, span }
}
