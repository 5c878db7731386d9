import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const versions = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('versions')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('objectKey', 'text', (column) => column.notNull())
    .addColumn('authorId', text)
    .addColumn('label', 'text')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('versions_by_document')
    .on('versions')
    .columns(['documentName', 'createdAt desc', 'id desc'])
    .execute()
}
