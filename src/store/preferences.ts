import type { StoreDatabase } from './schema.ts'

/** Whether a user wants notifications of a type over a channel. What is not said is wanted. */
export interface NotificationPreference {
  /** `email`, `push` or `in-app`. */
  readonly channel: string
  /** Type of the event, or `*` for all that have no preference of their own. */
  readonly type: string
  readonly enabled: boolean
}

export const listPreferences = async (
  db: StoreDatabase,
  userId: string,
): Promise<NotificationPreference[]> => {
  const rows = await db
    .selectFrom('notificationPreferences')
    .select(['channel', 'type', 'enabled'])
    .where('userId', '=', userId)
    .orderBy('channel')
    .orderBy('type')
    .execute()
  return rows.map((row) => ({ ...row, enabled: row.enabled === 1 }))
}

export const putPreference = async (
  db: StoreDatabase,
  userId: string,
  { channel, type, enabled }: NotificationPreference,
  at: number,
): Promise<void> => {
  const values = { enabled: enabled ? 1 : 0, updatedAt: at }
  await db
    .insertInto('notificationPreferences')
    .values({ userId, channel, type, ...values })
    .onConflict((conflict) => conflict.columns(['userId', 'channel', 'type']).doUpdateSet(values))
    .execute()
}

export const deletePreferences = async (db: StoreDatabase, userId: string): Promise<void> => {
  await db.deleteFrom('notificationPreferences').where('userId', '=', userId).execute()
}
