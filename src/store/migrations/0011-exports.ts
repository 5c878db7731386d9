import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const exports = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('exports')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('requestedBy', text, (column) => column.notNull())
    .addColumn('format', 'text', (column) => column.notNull())
    .addColumn('options', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('progress', 'integer', (column) => column.notNull())
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addColumn('startedAt', 'bigint')
    .addColumn('finishedAt', 'bigint')
    .addColumn('stateVector', 'text')
    .addColumn('objectKey', 'text')
    .addColumn('sha256', 'text')
    .addColumn('bytes', 'bigint')
    .addColumn('fileName', 'text')
    .addColumn('notes', 'text')
    .addColumn('errorCode', 'text')
    .addColumn('errorDetail', 'text')
    .execute()
  await db.schema
    .createIndex('exports_by_document')
    .on('exports')
    .columns(['documentName', 'createdAt desc', 'id desc'])
    .execute()
  await db.schema.createIndex('exports_by_user').on('exports').column('requestedBy').execute()
  await db.schema.createIndex('exports_by_time').on('exports').column('createdAt').execute()
}
