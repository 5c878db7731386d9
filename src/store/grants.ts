import type { Selectable } from 'kysely'
import type { Role } from '../../extensions/auth/index.ts'
import type { GrantsTable, StoreDatabase } from './schema.ts'

export type Grant = Selectable<GrantsTable>

/** The role that a user has been granted on a document. */
export const findGrant = async (
  db: StoreDatabase,
  documentName: string,
  userId: string,
): Promise<Role | undefined> => {
  const row = await db
    .selectFrom('grants')
    .select('role')
    .where('documentName', '=', documentName)
    .where('userId', '=', userId)
    .executeTakeFirst()
  return row?.role
}

/** All grants of a document, the first one first. */
export const listGrants = (db: StoreDatabase, documentName: string): Promise<Grant[]> =>
  db
    .selectFrom('grants')
    .selectAll()
    .where('documentName', '=', documentName)
    .orderBy('grantedAt')
    .orderBy('userId')
    .execute()

/** Takes the place of an earlier grant to the same user. */
export const putGrant = async (db: StoreDatabase, grant: Grant): Promise<void> => {
  const { role, grantedBy, grantedAt } = grant
  await db
    .insertInto('grants')
    .values(grant)
    .onConflict((conflict) =>
      conflict.columns(['documentName', 'userId']).doUpdateSet({ role, grantedBy, grantedAt }),
    )
    .execute()
}

/** Resolves to whether there was one. */
export const deleteGrant = async (
  db: StoreDatabase,
  documentName: string,
  userId: string,
): Promise<boolean> => {
  const { numDeletedRows } = await db
    .deleteFrom('grants')
    .where('documentName', '=', documentName)
    .where('userId', '=', userId)
    .executeTakeFirst()
  return numDeletedRows === 1n
}

/** All grants of a user on this shard. */
export const listGrantsOfUser = (db: StoreDatabase, userId: string): Promise<Grant[]> =>
  db.selectFrom('grants').selectAll().where('userId', '=', userId).orderBy('documentName').execute()
