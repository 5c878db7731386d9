import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const editedDocuments = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('editedDocuments')
    .addColumn('documentName', text, (column) => column.primaryKey())
    .addColumn('editedAt', 'bigint', (column) => column.notNull())
    .execute()
}
