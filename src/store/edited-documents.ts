import { inGroups } from './row-groups.ts'
import type { StoreDatabase } from './schema.ts'

/** When the last edits were that were looked at for watchers, by document. */
export const readEditedAt = async (
  db: StoreDatabase,
  documentNames: readonly string[],
): Promise<Map<string, number>> => {
  const all = new Map<string, number>()
  for (const names of inGroups(documentNames)) {
    const rows = await db
      .selectFrom('editedDocuments')
      .selectAll()
      .where('documentName', 'in', names)
      .execute()
    for (const { documentName, editedAt } of rows) all.set(documentName, editedAt)
  }
  return all
}

export const saveEditedAt = async (
  db: StoreDatabase,
  editedAt: ReadonlyMap<string, number>,
): Promise<void> => {
  // In one order: transactions that touch the same rows must not wait for each other.
  const rows = [...editedAt].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const group of inGroups(rows))
    await db
      .insertInto('editedDocuments')
      .values(group.map(([documentName, at]) => ({ documentName, editedAt: at })))
      .onConflict((conflict) =>
        conflict.column('documentName').doUpdateSet(({ ref }) => ({ editedAt: ref('excluded.editedAt') })),
      )
      .execute()
}

/** Whoever has edited a document since then belongs to it, ms. */
const editorsWatchMs = 30 * 86_400_000

/** A document that more people watch is like a page of news; the first of them are told. */
const maxWatchers = 500

/** Who had a role on a document at a time, or had edited it in the 30 days before. */
export const listWatchers = async (
  db: StoreDatabase,
  documentName: string,
  time: number,
): Promise<string[]> => {
  const invited = await db
    .selectFrom('grants')
    .select('userId')
    .where('documentName', '=', documentName)
    .where('grantedAt', '<', time)
    .orderBy('grantedAt')
    .orderBy('userId')
    .limit(maxWatchers)
    .execute()
  const editors = await db
    .selectFrom('documentEditors')
    .select('userId')
    .distinct()
    .where('documentName', '=', documentName)
    .where('span', '=', 'day')
    .where('startsAt', '>', time - editorsWatchMs)
    .where('startsAt', '<=', time)
    .orderBy('userId')
    .limit(maxWatchers)
    .execute()
  return [...new Set([...invited, ...editors].map(({ userId }) => userId))].slice(0, maxWatchers)
}
