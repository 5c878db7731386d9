import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const audit = async (db: Kysely<unknown>, { text, sequence }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('auditEntries')
    .addColumn('sequence', sequence)
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('userId', text)
    .addColumn('address', 'text')
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('detail', 'text')
    .execute()
  await db.schema
    .createIndex('audit_entries_by_document')
    .on('auditEntries')
    .columns(['documentName', 'sequence desc'])
    .execute()
  await db.schema.createIndex('audit_entries_by_user').on('auditEntries').column('userId').execute()
}
