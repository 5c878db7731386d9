import type { AnyEvent, StoredMessage } from '../../extensions/events/index.ts'
import type { DelayedEvent } from '../store/delayed-events.ts'
import type { StoreDatabase } from '../store/schema.ts'

/** An event, or one part of it. */
export interface EventTask {
  /** What it is claimed by. */
  readonly id: string
  /** Tasks of one lane are handled in order: those of one key, or of one part of a key. */
  readonly lane: string
  readonly part: string | undefined
  readonly db: StoreDatabase
  readonly message: StoredMessage
  readonly event: AnyEvent
  readonly failures: number
  /** The store has it; until then only the event log has. */
  readonly isDelayed: boolean
}

/** What the event log has brought. */
export const taskOf = (
  message: StoredMessage,
  event: AnyEvent,
  db: StoreDatabase,
  part: string | undefined,
): EventTask => ({
  id: part === undefined ? event.id : `${event.id}#${part}`,
  lane: part === undefined ? message.key : `${message.key} ${part}`,
  part,
  db,
  message,
  event,
  failures: 0,
  isDelayed: false,
})

export const rowOf = (worker: string, task: EventTask, dueAt: number): DelayedEvent => {
  const { id, lane, part = null, event, failures } = task
  const { topic, partition, offset, key, value } = task.message
  const { documentName } = event
  const addedAt = Date.now()
  return {
    worker,
    id,
    lane,
    part,
    documentName,
    topic,
    partition,
    offset,
    key,
    event: value,
    failures,
    dueAt,
    addedAt,
  }
}

/** The message that a row was made of, but for its headers. */
export const messageOf = ({
  topic,
  partition,
  offset,
  key,
  event,
  addedAt,
}: DelayedEvent): StoredMessage => ({
  topic,
  partition,
  offset,
  key,
  value: event,
  headers: {},
  time: addedAt,
})
