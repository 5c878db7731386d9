import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

const counts = ['opens', 'sessions', 'sessionMs', 'edits', 'inserted', 'deleted'] as const

export const analytics = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  let table = db.schema
    .createTable('documentUsage')
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('span', 'text', (column) => column.notNull())
    .addColumn('startsAt', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('document_usage_key', ['documentName', 'span', 'startsAt'])
  for (const count of counts)
    table = table.addColumn(count, 'bigint', (column) => column.notNull().defaultTo(0))
  await table.execute()
  await db.schema
    .createIndex('document_usage_by_age')
    .on('documentUsage')
    .columns(['span', 'startsAt'])
    .execute()
  await db.schema
    .createTable('documentEditors')
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('span', 'text', (column) => column.notNull())
    .addColumn('startsAt', 'bigint', (column) => column.notNull())
    .addColumn('userId', text, (column) => column.notNull())
    .addColumn('edits', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('document_editors_key', ['documentName', 'span', 'startsAt', 'userId'])
    .execute()
  await db.schema
    .createIndex('document_editors_by_age')
    .on('documentEditors')
    .columns(['span', 'startsAt'])
    .execute()
  await db.schema.createIndex('document_editors_by_user').on('documentEditors').column('userId').execute()
  await db.schema
    .createTable('countedPositions')
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('journal', text, (column) => column.notNull())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('counted_positions_key', ['documentName', 'journal'])
    .execute()
  await db.schema
    .createTable('analyticsRebuild')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .execute()
}
