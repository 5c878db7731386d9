import { sql, type Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const outbox = async (db: Kysely<unknown>, { text, sequence }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('outbox')
    .addColumn('sequence', sequence)
    .addColumn('id', text, (column) => column.notNull().unique())
    .addColumn('topic', 'text', (column) => column.notNull())
    .addColumn('key', text, (column) => column.notNull())
    .addColumn('type', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addColumn('publishedAt', 'bigint')
    .execute()
  await db.schema
    .createIndex('outbox_unpublished')
    .on('outbox')
    .column('sequence')
    .where(sql.ref('publishedAt'), 'is', null)
    .execute()
  await db.schema.createIndex('outbox_published').on('outbox').column('publishedAt').execute()
  await db.schema
    .createTable('leases')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('expiresAt', 'bigint', (column) => column.notNull())
    .execute()
}
