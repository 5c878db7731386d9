import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const notifications = async (db: Kysely<unknown>, { text, sequence }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('notifications')
    .addColumn('sequence', sequence)
    .addColumn('userId', text, (column) => column.notNull())
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('addedAt', 'bigint', (column) => column.notNull())
    .addColumn('readAt', 'bigint')
    .addUniqueConstraint('notifications_key', ['userId', 'id'])
    .execute()
  await db.schema
    .createIndex('notifications_of_user')
    .on('notifications')
    .columns(['userId', 'at', 'id'])
    .execute()
  await db.schema.createIndex('notifications_added').on('notifications').column('addedAt').execute()
  await db.schema.createIndex('notifications_document').on('notifications').column('documentName').execute()
}
