import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const users = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('users')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('name', 'text')
    .addColumn('email', 'text')
    .addColumn('seenAt', 'bigint', (column) => column.notNull())
    .execute()
}
