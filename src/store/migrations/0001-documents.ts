import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const documents = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('documents')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('ownerId', text)
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('title', 'text')
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addColumn('updatedAt', 'bigint', (column) => column.notNull())
    .addColumn('deletedAt', 'bigint')
    .execute()
  await db.schema
    .createIndex('documents_by_update')
    .on('documents')
    .columns(['updatedAt desc', 'name'])
    .execute()
  await db.schema
    .createTable('shard')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('total', 'integer', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('tombstones')
    .addColumn('documentName', text, (column) => column.primaryKey())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('erasedAt', 'bigint', (column) => column.notNull())
    .execute()
}
