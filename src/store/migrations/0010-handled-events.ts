import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const handledEvents = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('handledEvents')
    .addColumn('worker', text, (column) => column.notNull())
    .addColumn('eventId', text, (column) => column.notNull())
    .addColumn('eventTime', 'bigint', (column) => column.notNull())
    .addColumn('claimedAt', 'bigint', (column) => column.notNull())
    .addColumn('holder', 'text')
    .addColumn('leaseUntil', 'bigint')
    .addPrimaryKeyConstraint('handled_events_key', ['worker', 'eventId'])
    .execute()
  await db.schema.createIndex('handled_events_by_age').on('handledEvents').column('claimedAt').execute()
}
