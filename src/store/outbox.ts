import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { keyOf, topicOf, type CodraftEvent } from '../../extensions/events/index.ts'
import { inGroups } from './row-groups.ts'
import type { StoreDatabase } from './schema.ts'

export interface NewOutboxEvent {
  readonly topic: string
  /** Events of one key are published in the order in which their transactions took effect. */
  readonly key: string
  readonly type: string
  /** Anything that JSON can hold; never content of a document. */
  readonly payload: unknown
  /** ms since the epoch */
  readonly createdAt: number
  /** Names the event for its consumers. @default a random UUID */
  readonly id?: string
}

export interface OutboxEvent extends Required<NewOutboxEvent> {
  readonly sequence: number
}

/** Adds an event; call it in the transaction of the change that it reports. Resolves to its id. */
export const addOutboxEvent = async (tx: StoreDatabase, event: NewOutboxEvent): Promise<string> => {
  const { id = randomUUID(), payload, ...rest } = event
  await tx
    .insertInto('outbox')
    .values({ ...rest, id, payload: JSON.stringify(payload), publishedAt: null })
    .execute()
  return id
}

/** Adds an event of the catalogue. */
export const addEvent = async (tx: StoreDatabase, event: CodraftEvent): Promise<void> => {
  await addOutboxEvent(tx, outboxEvent(event))
}

/** Adds events that report no change of this database. One that is there already stays as it is. */
export const addEvents = async (db: StoreDatabase, events: readonly CodraftEvent[]): Promise<void> => {
  for (const group of inGroups(events)) {
    const rows = group
      .map(outboxEvent)
      .map((event) => ({ ...event, payload: JSON.stringify(event.payload), publishedAt: null }))
    await db
      .insertInto('outbox')
      .values(rows)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
  }
}

const outboxEvent = (event: CodraftEvent): Required<NewOutboxEvent> => {
  const { id, type, time: createdAt } = event
  return { id, topic: topicOf(type), key: keyOf(event), type, payload: event, createdAt }
}

/**
 * The oldest events that are not published. They leave in order when one drain at a time reads, publishes and marks
 * them; see `takeLease`.
 */
export const listUnpublished = async (db: StoreDatabase, limit: number): Promise<OutboxEvent[]> => {
  const rows = await db
    .selectFrom('outbox')
    .select(['sequence', 'id', 'topic', 'key', 'type', 'payload', 'createdAt'])
    .where('publishedAt', 'is', null)
    .orderBy('sequence')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ ...row, payload: JSON.parse(row.payload) as unknown }))
}

export const markPublished = async (
  db: StoreDatabase,
  sequences: readonly number[],
  publishedAt: number,
): Promise<void> => {
  if (sequences.length === 0) return
  await db.updateTable('outbox').set({ publishedAt }).where('sequence', 'in', sequences).execute()
}

/** Removes events that were published before `before`. */
export const prunePublished = async (db: StoreDatabase, before: number): Promise<void> => {
  await db.deleteFrom('outbox').where('publishedAt', '<', before).execute()
}

export interface OutboxBacklog {
  readonly events: number
  /** When the oldest was added, ms since the epoch; null when there is none. */
  readonly oldestAt: number | null
}

export const outboxBacklog = (db: StoreDatabase): Promise<OutboxBacklog> =>
  db
    .selectFrom('outbox')
    .select(({ fn }) => [
      fn.countAll<number>().as('events'),
      fn.min<number | null>('createdAt').as('oldestAt'),
    ])
    .where('publishedAt', 'is', null)
    .executeTakeFirstOrThrow()

/** Removes the events about a document, published or not. */
export const deleteEventsOf = async (db: StoreDatabase, documentName: string): Promise<void> => {
  const wanted = `"documentName":${JSON.stringify(documentName)}`
  const pattern = `%${wanted.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  const rows = await db
    .selectFrom('outbox')
    .select(['sequence', 'payload'])
    .where(sql<boolean>`payload like ${pattern} escape '\\'`)
    .execute()
  // SQLite does not tell apart capital and small letters here.
  const sequences = rows.filter(({ payload }) => payload.includes(wanted)).map(({ sequence }) => sequence)
  for (const group of inGroups(sequences))
    await db.deleteFrom('outbox').where('sequence', 'in', group).execute()
}
