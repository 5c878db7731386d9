import type { Selectable } from 'kysely'
import { deleteEventsOf } from './outbox.ts'
import type { StoreDatabase, TombstonesTable } from './schema.ts'

export type Tombstone = Selectable<TombstonesTable>

/**
 * Removes every row of a document except its audit entries, and leaves a tombstone. Events in the outbox go, too: they
 * may hold its title, and nobody has to hear of an invitation to what is gone.
 */
export const eraseDocumentRows = async (
  tx: StoreDatabase,
  { documentName, epoch, erasedAt }: Tombstone,
): Promise<void> => {
  await tx.deleteFrom('documents').where('name', '=', documentName).execute()
  for (const table of [
    'grants',
    'invitations',
    'versions',
    'exports',
    'publishedPositions',
    'documentUsage',
    'documentEditors',
    'countedPositions',
    'editedDocuments',
  ] as const) {
    await tx.deleteFrom(table).where('documentName', '=', documentName).execute()
  }
  await deleteEventsOf(tx, documentName)
  await tx
    .insertInto('tombstones')
    .values({ documentName, epoch, erasedAt })
    .onConflict((conflict) => conflict.column('documentName').doUpdateSet({ epoch, erasedAt }))
    .execute()
}

export const findTombstone = (db: StoreDatabase, documentName: string): Promise<Tombstone | undefined> =>
  db.selectFrom('tombstones').selectAll().where('documentName', '=', documentName).executeTakeFirst()

/** Those of the documents that are erased. */
export const listErased = async (
  db: StoreDatabase,
  documentNames: readonly string[],
): Promise<Set<string>> => {
  if (documentNames.length === 0) return new Set()
  const rows = await db
    .selectFrom('tombstones')
    .select('documentName')
    .where('documentName', 'in', [...new Set(documentNames)])
    .execute()
  return new Set(rows.map(({ documentName }) => documentName))
}

/** Documents that were erased at `since`, ms since the epoch, or later. */
export const listErasedSince = async (db: StoreDatabase, since: number): Promise<string[]> => {
  const rows = await db
    .selectFrom('tombstones')
    .select('documentName')
    .where('erasedAt', '>=', since)
    .execute()
  return rows.map(({ documentName }) => documentName)
}
