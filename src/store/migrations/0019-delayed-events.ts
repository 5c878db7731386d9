import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const delayedEvents = async (db: Kysely<unknown>, { text, sequence }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('delayedEvents')
    .addColumn('sequence', sequence)
    .addColumn('worker', text, (column) => column.notNull())
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('lane', text, (column) => column.notNull())
    .addColumn('part', 'text')
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('topic', 'text', (column) => column.notNull())
    .addColumn('partition', 'integer', (column) => column.notNull())
    .addColumn('offset', 'bigint', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('dueAt', 'bigint', (column) => column.notNull())
    .addColumn('addedAt', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('delayed_events_key', ['worker', 'id'])
    .execute()
  const index = (name: string, columns: string[]) =>
    db.schema.createIndex(name).on('delayedEvents').columns(columns).execute()
  await index('delayed_events_lane', ['worker', 'lane', 'sequence'])
  await index('delayed_events_due', ['worker', 'dueAt'])
  await index('delayed_events_document', ['documentName'])
}
