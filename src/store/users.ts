import { sql, type Selectable } from 'kysely'
import type { StoreDatabase, UsersTable } from './schema.ts'
import type { Store } from './Store.ts'

/** A user as the last token of theirs said. */
export type UserRow = Selectable<UsersTable>

/** Notes users, each instead of what was known before; a database has those whose ids belong to its shard. */
export const putUsers = async (db: StoreDatabase, users: readonly UserRow[]): Promise<void> => {
  for (const user of users) {
    const { id: _, ...values } = user
    await db
      .insertInto('users')
      .values(user)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
      .execute()
  }
}

/** Of these ids those that are known, on whatever shard they are. */
export const findUsers = async (
  store: Store,
  ids: Iterable<string | null>,
): Promise<ReadonlyMap<string, UserRow>> => {
  const byShard = new Map<StoreDatabase, string[]>()
  for (const id of new Set(ids)) {
    if (id === null) continue
    const db = store.ofUser(id)
    byShard.set(db, [...(byShard.get(db) ?? []), id])
  }
  const found = await Promise.all(
    Array.from(byShard, ([db, some]) => db.selectFrom('users').selectAll().where('id', 'in', some).execute()),
  )
  return new Map(found.flat().map((user) => [user.id, user]))
}

/** The user who was last known by an address, whatever its case. */
export const findUserByEmail = async (store: Store, email: string): Promise<UserRow | undefined> => {
  const found = await Promise.all(
    store.all.map((db) =>
      db
        .selectFrom('users')
        .selectAll()
        .where(sql`lower(email)`, '=', email.toLowerCase())
        .orderBy('seenAt', 'desc')
        .limit(1)
        .executeTakeFirst(),
    ),
  )
  return found.filter((user) => user !== undefined).sort((a, b) => b.seenAt - a.seenAt)[0]
}

export const deleteUser = async (db: StoreDatabase, id: string): Promise<void> => {
  await db.deleteFrom('users').where('id', '=', id).execute()
}
