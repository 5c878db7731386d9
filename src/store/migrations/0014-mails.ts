import { sql, type Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const mails = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('lastMails')
    .addColumn('recipient', text, (column) => column.primaryKey())
    .addColumn('eventId', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('gatheredMails')
    .addColumn('recipient', text, (column) => column.notNull())
    .addColumn('eventId', text, (column) => column.notNull())
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('event', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('dueAt', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('gathered_mails_key', ['recipient', 'eventId'])
    .execute()
  await db.schema.createIndex('gathered_mails_document').on('gatheredMails').column('documentName').execute()
  await db.schema.createIndex('gathered_mails_due').on('gatheredMails').column('dueAt').execute()
  await db.schema
    .createTable('capturedMails')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('recipient', text, (column) => column.notNull())
    .addColumn('subject', 'text', (column) => column.notNull())
    .addColumn('text', 'text', (column) => column.notNull())
    .addColumn('html', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('captured_mails_at').on('capturedMails').columns(['at', 'id']).execute()
  await db.schema
    .createIndex('users_by_email')
    .on('users')
    .expression(sql`lower(email)`)
    .execute()
}
