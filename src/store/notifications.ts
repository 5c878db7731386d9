import { sql, type Selectable } from 'kysely'
import type { Page, PageRequest } from './cursor.ts'
import { newestFirst } from './newest-first.ts'
import type { NotificationsTable, StoreDatabase } from './schema.ts'

export type NotificationRow = Omit<Selectable<NotificationsTable>, 'sequence' | 'addedAt'>

const columns = ['userId', 'id', 'documentName', 'event', 'at', 'readAt'] as const

/** Adds a notification; one that is there already stays. */
export const addNotification = async (
  db: StoreDatabase,
  notification: Omit<NotificationRow, 'readAt'>,
): Promise<void> => {
  await db
    .insertInto('notifications')
    .values({ ...notification, addedAt: Date.now(), readAt: null })
    .onConflict((conflict) => conflict.columns(['userId', 'id']).doNothing())
    .execute()
}

/** Notifications of a user, the newest first. */
export const listNotifications = (
  db: StoreDatabase,
  userId: string,
  page: PageRequest,
): Promise<Page<NotificationRow>> =>
  newestFirst(db.selectFrom('notifications').select(columns).where('userId', '=', userId), 'at', page)

export const countUnread = async (db: StoreDatabase, userId: string): Promise<number> => {
  const { unread } = await db
    .selectFrom('notifications')
    .select(({ fn }) => fn.countAll<number>().as('unread'))
    .where('userId', '=', userId)
    .where('readAt', 'is', null)
    .executeTakeFirstOrThrow()
  return unread
}

/** Marks notifications of a user as read: those of these ids, or all. */
export const markRead = async (
  db: StoreDatabase,
  userId: string,
  ids: readonly string[] | undefined,
  readAt: number,
): Promise<void> => {
  let query = db
    .updateTable('notifications')
    .set({ readAt })
    .where('userId', '=', userId)
    .where('readAt', 'is', null)
  if (ids) query = query.where('id', 'in', ids)
  await query.execute()
}

/** What was added since `since`, for whomever, the oldest first. */
export const listAdded = (db: StoreDatabase, since: number): Promise<NotificationRow[]> =>
  db.selectFrom('notifications').select(columns).where('addedAt', '>=', since).orderBy('sequence').execute()

export const deleteNotificationsOf = async (
  db: StoreDatabase,
  owner: { readonly userId: string } | { readonly documentName: string },
): Promise<void> => {
  const query = db.deleteFrom('notifications')
  if ('userId' in owner) await query.where('userId', '=', owner.userId).execute()
  else await query.where('documentName', '=', owner.documentName).execute()
}

/** Nobody looks for what happened so long ago, ms. */
const keptMs = 90 * 86_400_000

export const pruneNotifications = async (db: StoreDatabase, now: number): Promise<void> => {
  await db
    .deleteFrom('notifications')
    .where('addedAt', '<', now - keptMs)
    .execute()
}

/** Removes notifications, and events on their way, that name a user: as who has done something, or as who is told. */
export const deleteEventsNaming = async (db: StoreDatabase, userId: string): Promise<void> => {
  const name = JSON.stringify(userId)
  const pattern = `%${name.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  const like = (column: string) => sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`
  // The comparison of SQLite knows no upper and lower case.
  const named = <Row extends { readonly text: string }>(rows: readonly Row[]): Row[] =>
    rows.filter(({ text }) => text.includes(name))
  const told = await db
    .selectFrom('notifications')
    .select(['sequence', 'event as text'])
    .where(like('event'))
    .execute()
  for (const { sequence } of named(told))
    await db.deleteFrom('notifications').where('sequence', '=', sequence).execute()
  const queued = await db
    .selectFrom('outbox')
    .select(['sequence', 'payload as text'])
    .where('topic', '=', 'notifications')
    .where(like('payload'))
    .execute()
  for (const { sequence } of named(queued))
    await db.deleteFrom('outbox').where('sequence', '=', sequence).execute()
  const delayed = await db
    .selectFrom('delayedEvents')
    .select(['sequence', 'event as text'])
    .where(like('event'))
    .execute()
  for (const { sequence } of named(delayed))
    await db.deleteFrom('delayedEvents').where('sequence', '=', sequence).execute()
  const gathered = await db
    .selectFrom('gatheredMails')
    .select(['recipient', 'eventId', 'event as text'])
    .where(like('event'))
    .execute()
  for (const { recipient, eventId } of named(gathered))
    await db
      .deleteFrom('gatheredMails')
      .where('recipient', '=', recipient)
      .where('eventId', '=', eventId)
      .execute()
}
