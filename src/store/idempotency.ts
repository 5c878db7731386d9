import type { StoreDatabase } from './schema.ts'

/** A key that a client has made up for one request; the same key means the same request. */
export interface IdempotencyKey {
  readonly userId: string
  /** Method and path. */
  readonly route: string
  readonly key: string
}

export interface RecordedResponse {
  readonly status: number
  /** Anything that JSON can hold. */
  readonly response: unknown
}

export type Reservation = 'first' | 'running' | RecordedResponse

/**
 * Reserves the key for its first request. A repetition gets the response of the first, or `running` while there is none.
 * Keys that have expired count as new.
 */
export const reserveIdempotencyKey = async (
  db: StoreDatabase,
  { userId, route, key }: IdempotencyKey,
  { now, ttlMs }: { readonly now: number; readonly ttlMs: number },
): Promise<Reservation> => {
  const fresh = { status: null, response: null, createdAt: now, expiresAt: now + ttlMs }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('idempotencyKeys')
    .values({ userId, route, key, ...fresh })
    .onConflict((conflict) =>
      conflict
        .columns(['userId', 'route', 'key'])
        .doUpdateSet(fresh)
        .where('idempotencyKeys.expiresAt', '<=', now),
    )
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows === 1n) return 'first'
  const row = await whereKey(db, { userId, route, key }).select(['status', 'response']).executeTakeFirst()
  if (!row || row.status === null) return 'running'
  return { status: row.status, response: JSON.parse(row.response ?? 'null') as unknown }
}

const whereKey = (db: StoreDatabase, { userId, route, key }: IdempotencyKey) =>
  db
    .selectFrom('idempotencyKeys')
    .where('userId', '=', userId)
    .where('route', '=', route)
    .where('key', '=', key)

/** Keeps the response of the first request for its repetitions, until `expiresAt` or as long as the key was reserved. */
export const recordResponse = async (
  db: StoreDatabase,
  { userId, route, key }: IdempotencyKey,
  { status, response }: RecordedResponse,
  expiresAt?: number,
): Promise<void> => {
  await db
    .updateTable('idempotencyKeys')
    .set({
      status,
      response: JSON.stringify(response) ?? null,
      ...(expiresAt !== undefined && { expiresAt }),
    })
    .where('userId', '=', userId)
    .where('route', '=', route)
    .where('key', '=', key)
    .execute()
}

/** Forgets a key whose request failed, so that it may be tried again. */
export const releaseIdempotencyKey = async (
  db: StoreDatabase,
  { userId, route, key }: IdempotencyKey,
): Promise<void> => {
  await db
    .deleteFrom('idempotencyKeys')
    .where('userId', '=', userId)
    .where('route', '=', route)
    .where('key', '=', key)
    .execute()
}

/** Removes keys that expired before `now`. */
export const pruneIdempotencyKeys = async (db: StoreDatabase, now: number): Promise<void> => {
  await db.deleteFrom('idempotencyKeys').where('expiresAt', '<=', now).execute()
}
