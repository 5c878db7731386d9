import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const preferences = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('notificationPreferences')
    .addColumn('userId', text, (column) => column.notNull())
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('enabled', 'integer', (column) => column.notNull())
    .addColumn('updatedAt', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('notification_preferences_key', ['userId', 'channel', 'type'])
    .execute()
}
