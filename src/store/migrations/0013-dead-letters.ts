import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const deadLetters = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('settledDeadLetters')
    .addColumn('topic', text, (column) => column.notNull())
    .addColumn('offset', 'bigint', (column) => column.notNull())
    .addColumn('settledAt', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('settled_dead_letters_key', ['topic', 'offset'])
    .execute()
}
