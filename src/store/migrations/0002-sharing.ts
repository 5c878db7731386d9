import type { Kysely } from 'kysely'
import type { ColumnTypes } from './column-types.ts'

export const sharing = async (db: Kysely<unknown>, { text }: ColumnTypes): Promise<void> => {
  await db.schema
    .createTable('grants')
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('userId', text, (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('grantedBy', text)
    .addColumn('grantedAt', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('grants_key', ['documentName', 'userId'])
    .execute()
  await db.schema.createIndex('grants_by_user').on('grants').columns(['userId', 'documentName']).execute()
  await db.schema
    .createTable('invitations')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('documentName', text, (column) => column.notNull())
    .addColumn('email', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('invitedBy', text, (column) => column.notNull())
    .addColumn('createdAt', 'bigint', (column) => column.notNull())
    .addColumn('expiresAt', 'bigint', (column) => column.notNull())
    .addColumn('acceptedBy', text)
    .addColumn('acceptedAt', 'bigint')
    .execute()
  await db.schema
    .createIndex('invitations_by_document')
    .on('invitations')
    .columns(['documentName', 'createdAt desc', 'id desc'])
    .execute()
}
