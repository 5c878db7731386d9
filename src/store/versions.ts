import type { Selectable } from 'kysely'
import type { Page, PageRequest } from './cursor.ts'
import { newestFirst } from './newest-first.ts'
import type { StoreDatabase, VersionsTable } from './schema.ts'

/** A point in the history of a document; its content is in the object store. */
export type VersionRow = Selectable<VersionsTable>

export const addVersion = async (db: StoreDatabase, version: VersionRow): Promise<void> => {
  await db.insertInto('versions').values(version).execute()
}

export const findVersion = (
  db: StoreDatabase,
  documentName: string,
  id: string,
): Promise<VersionRow | undefined> =>
  db
    .selectFrom('versions')
    .selectAll()
    .where('id', '=', id)
    .where('documentName', '=', documentName)
    .executeTakeFirst()

/** Versions of a document, the newest first. */
export const listVersions = (
  db: StoreDatabase,
  documentName: string,
  page: PageRequest,
): Promise<Page<VersionRow>> =>
  newestFirst(
    db.selectFrom('versions').selectAll().where('documentName', '=', documentName),
    'createdAt',
    page,
  )

export const relabelVersion = async (
  db: StoreDatabase,
  documentName: string,
  id: string,
  label: string | null,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('versions')
    .set({ label })
    .where('id', '=', id)
    .where('documentName', '=', documentName)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export const deleteVersions = async (
  db: StoreDatabase,
  documentName: string,
  ids: readonly string[],
): Promise<void> => {
  if (ids.length === 0) return
  await db.deleteFrom('versions').where('documentName', '=', documentName).where('id', 'in', ids).execute()
}
