import type { Selectable } from 'kysely'
import type { Page, PageRequest } from './cursor.ts'
import { newestFirst } from './newest-first.ts'
import type { InvitationsTable, StoreDatabase } from './schema.ts'

export type Invitation = Selectable<InvitationsTable>

export type NewInvitation = Omit<Invitation, 'state' | 'acceptedBy' | 'acceptedAt'>

export const createInvitation = async (db: StoreDatabase, invitation: NewInvitation): Promise<Invitation> => {
  const row = { ...invitation, state: 'pending', acceptedBy: null, acceptedAt: null } as const
  await db.insertInto('invitations').values(row).execute()
  return row
}

export const findInvitation = (db: StoreDatabase, id: string): Promise<Invitation | undefined> =>
  db.selectFrom('invitations').selectAll().where('id', '=', id).executeTakeFirst()

/** Invitations to a document, the newest first. */
export const listInvitations = (
  db: StoreDatabase,
  documentName: string,
  page: PageRequest,
): Promise<Page<Invitation>> =>
  newestFirst(
    db.selectFrom('invitations').selectAll().where('documentName', '=', documentName),
    'createdAt',
    page,
  )

/**
 * Accepts an invitation that is pending and has not expired. Resolves to whether it was: of several who try at the same
 * time, one does.
 */
export const acceptInvitation = async (
  db: StoreDatabase,
  { id, userId, at }: { readonly id: string; readonly userId: string; readonly at: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('invitations')
    .set({ state: 'accepted', acceptedBy: userId, acceptedAt: at })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('expiresAt', '>', at)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Resolves to whether it was pending. */
export const revokeInvitation = async (db: StoreDatabase, id: string): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('invitations')
    .set({ state: 'revoked' })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
