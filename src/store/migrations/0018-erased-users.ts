import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const erasedUsers = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('erasedUsers')
    .addColumn('userHash', text, (column) => column.primaryKey())
    .addColumn('erasedAt', 'bigint', (column) => column.notNull())
    .execute()
}
