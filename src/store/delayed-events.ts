import type { Selectable } from 'kysely'
import type { DelayedEventsTable, StoreDatabase } from './schema.ts'

export type DelayedEvent = Omit<Selectable<DelayedEventsTable>, 'sequence'>
type Named = Pick<DelayedEvent, 'worker' | 'id'>

/** Keeps what a worker is to try later. What is there already stays as it is. */
export const addDelayed = async (db: StoreDatabase, event: DelayedEvent): Promise<void> => {
  await db
    .insertInto('delayedEvents')
    .values(event)
    .onConflict((conflict) => conflict.columns(['worker', 'id']).doNothing())
    .execute()
}

/** It is to be tried later than it was. */
export const postponeDelayed = async (
  db: StoreDatabase,
  { worker, id, failures, dueAt }: Named & Pick<DelayedEvent, 'failures' | 'dueAt'>,
): Promise<void> => {
  await db
    .updateTable('delayedEvents')
    .set({ failures, dueAt })
    .where('worker', '=', worker)
    .where('id', '=', id)
    .execute()
}

export const removeDelayed = async (db: StoreDatabase, { worker, id }: Named): Promise<void> => {
  await db.deleteFrom('delayedEvents').where('worker', '=', worker).where('id', '=', id).execute()
}

/** Whether something of a lane is to be tried later: what comes after it must wait. */
export const isLaneDelayed = async (db: StoreDatabase, worker: string, lane: string): Promise<boolean> => {
  const row = await db
    .selectFrom('delayedEvents')
    .select('id')
    .where('worker', '=', worker)
    .where('lane', '=', lane)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The first of each lane, where that is due. */
export const listDue = (
  db: StoreDatabase,
  worker: string,
  now: number,
  limit: number,
): Promise<DelayedEvent[]> =>
  db
    .selectFrom('delayedEvents')
    .selectAll()
    .where('worker', '=', worker)
    .where('dueAt', '<=', now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('delayedEvents as earlier')
            .select('earlier.id')
            .whereRef('earlier.worker', '=', 'delayedEvents.worker')
            .whereRef('earlier.lane', '=', 'delayedEvents.lane')
            .whereRef('earlier.sequence', '<', 'delayedEvents.sequence'),
        ),
      ),
    )
    .orderBy('dueAt')
    .limit(limit)
    .execute()

/** When the next one is due after `now`. */
export const nextDueAt = async (
  db: StoreDatabase,
  worker: string,
  now: number,
): Promise<number | undefined> => {
  const row = await db
    .selectFrom('delayedEvents')
    .select('dueAt')
    .where('worker', '=', worker)
    .where('dueAt', '>', now)
    .orderBy('dueAt')
    .limit(1)
    .executeTakeFirst()
  return row?.dueAt
}

/** Takes one until `until`, when it is still there and due. Resolves to how often it has failed. */
export const takeDue = async (
  db: StoreDatabase,
  { worker, id }: Named,
  now: number,
  until: number,
): Promise<number | undefined> => {
  const row = await db
    .updateTable('delayedEvents')
    .set({ dueAt: until })
    .where('worker', '=', worker)
    .where('id', '=', id)
    .where('dueAt', '<=', now)
    .returning('failures')
    .executeTakeFirst()
  return row?.failures
}

export const countDelayed = async (db: StoreDatabase, worker: string): Promise<number> => {
  const { count } = await db
    .selectFrom('delayedEvents')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('worker', '=', worker)
    .executeTakeFirstOrThrow()
  return count
}

/** Of a document nothing is told any more. */
export const deleteDelayedAbout = async (db: StoreDatabase, documentName: string): Promise<void> => {
  await db.deleteFrom('delayedEvents').where('documentName', '=', documentName).execute()
}

/** A worker that has not run for so long is not coming back, ms. */
const keptMs = 9 * 86_400_000

export const pruneDelayed = async (db: StoreDatabase, now: number): Promise<void> => {
  await db
    .deleteFrom('delayedEvents')
    .where('addedAt', '<', now - keptMs)
    .execute()
}
