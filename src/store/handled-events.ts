import { inGroups } from './row-groups.ts'
import type { StoreDatabase } from './schema.ts'

/** Names what one worker does about one event. */
export interface HandledEvent {
  readonly worker: string
  readonly eventId: string
}

export interface Claim extends HandledEvent {
  /** When the event happened, ms since the epoch. */
  readonly eventTime: number
  /** Names the process. */
  readonly holder: string
  readonly now: number
  readonly leaseMs: number
}

/**
 * - `first`: nobody has begun.
 * - `repeat`: somebody has begun and ended without a word; their lease has run out.
 * - `busy`: somebody is at it.
 * - `done`: it is handled.
 */
export type ClaimResult = 'first' | 'repeat' | 'busy' | 'done'

/** Claims an event for `holder`, who extends the lease until it is handled. */
export const claimEvent = async (
  db: StoreDatabase,
  { worker, eventId, eventTime, holder, now, leaseMs }: Claim,
): Promise<ClaimResult> => {
  const leaseUntil = now + leaseMs
  const inserted = await db
    .insertInto('handledEvents')
    .values({ worker, eventId, eventTime, claimedAt: now, holder, leaseUntil })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (inserted.numInsertedOrUpdatedRows === 1n) return 'first'
  const taken = await db
    .updateTable('handledEvents')
    .set({ holder, leaseUntil })
    .where('worker', '=', worker)
    .where('eventId', '=', eventId)
    .where('leaseUntil', '<', now)
    .executeTakeFirst()
  if (taken.numUpdatedRows === 1n) return 'repeat'
  const row = await db
    .selectFrom('handledEvents')
    .select('leaseUntil')
    .where('worker', '=', worker)
    .where('eventId', '=', eventId)
    .executeTakeFirst()
  return row?.leaseUntil === null ? 'done' : 'busy'
}

/** The event is handled, for good. */
export const finishEvent = async (db: StoreDatabase, { worker, eventId }: HandledEvent): Promise<void> => {
  await db
    .updateTable('handledEvents')
    .set({ leaseUntil: null })
    .where('worker', '=', worker)
    .where('eventId', '=', eventId)
    .execute()
}

/** Nothing came of it: whoever gets the event next begins anew. */
export const releaseEvent = async (
  db: StoreDatabase,
  { worker, eventId, holder }: HandledEvent & Pick<Claim, 'holder'>,
): Promise<void> => {
  await db
    .deleteFrom('handledEvents')
    .where('worker', '=', worker)
    .where('eventId', '=', eventId)
    .where('holder', '=', holder)
    .where('leaseUntil', 'is not', null)
    .execute()
}

/** Extends the leases of a process that is alive. */
export const extendClaims = async (
  db: StoreDatabase,
  eventIds: readonly string[],
  { worker, holder, now, leaseMs }: Omit<Claim, 'eventId' | 'eventTime'>,
): Promise<void> => {
  await db
    .updateTable('handledEvents')
    .set({ leaseUntil: now + leaseMs })
    .where('worker', '=', worker)
    .where('eventId', 'in', eventIds)
    .where('holder', '=', holder)
    .where('leaseUntil', 'is not', null)
    .execute()
}

/** Marks events as handled; resolves to the ids of those that were not before. Call it in the transaction of the effect. */
export const markHandled = async (
  tx: StoreDatabase,
  worker: string,
  events: readonly { readonly id: string; readonly time: number }[],
): Promise<Set<string>> => {
  const now = Date.now()
  const fresh = new Set<string>()
  const byId = new Map(events.map((event) => [event.id, event]))
  for (const group of inGroups([...byId.values()])) {
    const rows = await tx
      .insertInto('handledEvents')
      .values(
        group.map(({ id, time }) => ({
          worker,
          eventId: id,
          eventTime: time,
          claimedAt: now,
          holder: null,
          leaseUntil: null,
        })),
      )
      .onConflict((conflict) => conflict.doNothing())
      .returning('eventId')
      .execute()
    for (const { eventId } of rows) fresh.add(eventId)
  }
  return fresh
}

/** Forgets what a worker has done about events of `since` (ms since the epoch) and later. */
export const forgetHandled = async (tx: StoreDatabase, worker: string, since: number): Promise<void> => {
  await tx.deleteFrom('handledEvents').where('worker', '=', worker).where('eventTime', '>=', since).execute()
}

/** A message is not handled any more when it is this old, ms: what was claimed for it may be forgotten. */
export const maxMessageAgeMs = 8 * 86_400_000
const keptMs = maxMessageAgeMs + 86_400_000

/** Forgets claims for messages that nobody can get any more. */
export const pruneHandledEvents = async (db: StoreDatabase, now: number): Promise<void> => {
  await db
    .deleteFrom('handledEvents')
    .where('claimedAt', '<', now - keptMs)
    .execute()
}
