import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const idempotency = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('idempotencyKeys')
    .addColumn('userId', text, (column) => column.notNull())
    .addColumn('route', 'text', (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('status', 'integer')
    .addColumn('response', 'text')
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addColumn('expiresAt', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('idempotency_keys_key', ['userId', 'route', 'key'])
    .execute()
  await db.schema
    .createIndex('idempotency_keys_by_expiry')
    .on('idempotencyKeys')
    .column('expiresAt')
    .execute()
}
