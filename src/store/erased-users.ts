import { createHash } from 'node:crypto'
import { inGroups } from './row-groups.ts'
import type { StoreDatabase } from './schema.ts'

/** Events of before the erasure may come for as long as a log keeps them. */
const keptMs = 30 * 86_400_000

/** It names nobody. */
const hashOf = (userId: string): string => createHash('sha256').update(userId).digest('base64url')

/** From now on, what still comes of the user's past is nobody's. */
export const noteErasedUser = async (db: StoreDatabase, userId: string, erasedAt: number): Promise<void> => {
  await db
    .deleteFrom('erasedUsers')
    .where('erasedAt', '<', erasedAt - keptMs)
    .execute()
  await db
    .insertInto('erasedUsers')
    .values({ userHash: hashOf(userId), erasedAt })
    .onConflict((conflict) => conflict.column('userHash').doUpdateSet({ erasedAt }))
    .execute()
}

/** When those of the users were erased who were. */
export const listErasedUsers = async (
  db: StoreDatabase,
  userIds: Iterable<string>,
): Promise<Map<string, number>> => {
  const byHash = new Map(Array.from(userIds, (userId) => [hashOf(userId), userId]))
  const erased = new Map<string, number>()
  for (const hashes of inGroups([...byHash.keys()])) {
    const rows = await db.selectFrom('erasedUsers').selectAll().where('userHash', 'in', hashes).execute()
    for (const { userHash, erasedAt } of rows) erased.set(byHash.get(userHash) as string, erasedAt)
  }
  return erased
}
