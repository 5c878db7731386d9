import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const pushSubscriptions = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('pushSubscriptions')
    .addColumn('userId', text, (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('p256dh', 'text', (column) => column.notNull())
    .addColumn('auth', 'text', (column) => column.notNull())
    .addColumn('serverKey', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('push_subscriptions_key', ['userId', 'id'])
    .execute()
  await db.schema.createIndex('push_subscriptions_id').on('pushSubscriptions').column('id').execute()
}
