import type { Selectable } from 'kysely'
import type { Page, PageRequest } from './cursor.ts'
import { newestFirst } from './newest-first.ts'
import type { ExportsTable, StoreDatabase } from './schema.ts'

/** A file that somebody has asked for. */
export type ExportRow = Selectable<ExportsTable>

const unfinished = ['queued', 'running'] as const

export const addExport = async (
  tx: StoreDatabase,
  row: Pick<ExportRow, 'id' | 'documentName' | 'requestedBy' | 'format' | 'options' | 'createdAt'>,
): Promise<ExportRow> =>
  tx
    .insertInto('exports')
    .values({ ...row, state: 'queued', progress: 0 })
    .returningAll()
    .executeTakeFirstOrThrow()

export const findExport = (db: StoreDatabase, id: string): Promise<ExportRow | undefined> =>
  db.selectFrom('exports').selectAll().where('id', '=', id).executeTakeFirst()

/** Exports of a document, the newest first. */
export const listExports = (
  db: StoreDatabase,
  documentName: string,
  page: PageRequest,
): Promise<Page<ExportRow>> =>
  newestFirst(
    db.selectFrom('exports').selectAll().where('documentName', '=', documentName),
    'createdAt',
    page,
  )

/** The newest exports of all documents. */
export const newestExports = (db: StoreDatabase, limit: number): Promise<ExportRow[]> =>
  db.selectFrom('exports').selectAll().orderBy('createdAt', 'desc').limit(limit).execute()

/** How many exports of a document a user waits for. */
export const countUnfinished = async (
  db: StoreDatabase,
  documentName: string,
  requestedBy: string,
): Promise<number> => {
  const { count } = await db
    .selectFrom('exports')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('documentName', '=', documentName)
    .where('requestedBy', '=', requestedBy)
    .where('state', 'in', unfinished)
    .executeTakeFirstOrThrow()
  return count
}

export type ExportChanges = Partial<Omit<ExportRow, 'id' | 'documentName' | 'createdAt'>>

/** Changes an export that is not finished; resolves to whether there was one. */
export const changeUnfinished = async (
  db: StoreDatabase,
  id: string,
  changes: ExportChanges,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('exports')
    .set(changes)
    .where('id', '=', id)
    .where('state', 'in', unfinished)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Where a file of this content already is. */
export const findFile = async (
  db: StoreDatabase,
  { documentName, format, sha256 }: Pick<ExportRow, 'documentName' | 'format' | 'sha256'>,
): Promise<string | undefined> => {
  const row = await db
    .selectFrom('exports')
    .select('objectKey')
    .where('documentName', '=', documentName)
    .where('format', '=', format)
    .where('sha256', '=', sha256)
    .where('objectKey', 'is not', null)
    .executeTakeFirst()
  return row?.objectKey ?? undefined
}

/** The exports that were asked for before a time, ms since the epoch, or by a user. */
export const selectExports = (
  db: StoreDatabase,
  { before, requestedBy }: { readonly before?: number; readonly requestedBy?: string },
): Promise<Pick<ExportRow, 'id' | 'documentName'>[]> => {
  let query = db.selectFrom('exports').select(['id', 'documentName'])
  if (before !== undefined) query = query.where('createdAt', '<', before)
  if (requestedBy !== undefined) query = query.where('requestedBy', '=', requestedBy)
  return query.execute()
}

/** Removes exports of one document; resolves to the keys of files that no other export has. */
export const deleteExports = async (
  tx: StoreDatabase,
  documentName: string,
  ids: readonly string[],
): Promise<string[]> => {
  const removed = await tx
    .deleteFrom('exports')
    .where('documentName', '=', documentName)
    .where('id', 'in', ids)
    .returning('objectKey')
    .execute()
  const keys = new Set(removed.flatMap(({ objectKey }) => objectKey ?? []))
  if (keys.size === 0) return []
  const kept = await tx
    .selectFrom('exports')
    .select('objectKey')
    .where('documentName', '=', documentName)
    .where('objectKey', 'in', [...keys])
    .execute()
  for (const { objectKey } of kept) keys.delete(objectKey ?? '')
  return [...keys]
}
