import type { Selectable } from 'kysely'
import type { PushSubscriptionsTable, StoreDatabase } from './schema.ts'

export type PushSubscriptionRow = Selectable<PushSubscriptionsTable>

/** Devices of one user; one more forgets the oldest. */
const maxOfUser = 20

/** Notes a subscription, instead of what was known of the same one. */
export const putPushSubscription = async (
  db: StoreDatabase,
  subscription: PushSubscriptionRow,
): Promise<void> => {
  const { userId, id, ...values } = subscription
  await db
    .insertInto('pushSubscriptions')
    .values(subscription)
    .onConflict((conflict) => conflict.columns(['userId', 'id']).doUpdateSet(values))
    .execute()
  const surplus = await db
    .selectFrom('pushSubscriptions')
    .select('id')
    .where('userId', '=', userId)
    .where('id', '<>', id)
    .orderBy('at', 'desc')
    .orderBy('id')
    .limit(1_000)
    .offset(maxOfUser - 1)
    .execute()
  for (const old of surplus) await deletePushSubscription(db, userId, old.id)
}

/** Subscriptions of a user, the oldest first. */
export const listPushSubscriptions = (db: StoreDatabase, userId: string): Promise<PushSubscriptionRow[]> =>
  db
    .selectFrom('pushSubscriptions')
    .selectAll()
    .where('userId', '=', userId)
    .orderBy('at')
    .orderBy('id')
    .execute()

export const findPushSubscription = (
  db: StoreDatabase,
  userId: string,
  id: string,
): Promise<PushSubscriptionRow | undefined> =>
  db
    .selectFrom('pushSubscriptions')
    .selectAll()
    .where('userId', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()

export const deletePushSubscription = async (
  db: StoreDatabase,
  userId: string,
  id: string,
): Promise<void> => {
  await db.deleteFrom('pushSubscriptions').where('userId', '=', userId).where('id', '=', id).execute()
}

/** A browser that somebody else has used before is not theirs any more. */
export const deletePushSubscriptionOfOthers = async (
  db: StoreDatabase,
  userId: string,
  id: string,
): Promise<void> => {
  await db.deleteFrom('pushSubscriptions').where('id', '=', id).where('userId', '<>', userId).execute()
}

export const deletePushSubscriptions = async (db: StoreDatabase, userId: string): Promise<void> => {
  await db.deleteFrom('pushSubscriptions').where('userId', '=', userId).execute()
}
