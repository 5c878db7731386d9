import { sql } from 'kysely'
import { decodeCursor, pageOf, type Page, type PageRequest } from './cursor.ts'
import type { StoreDatabase } from './schema.ts'

/** Who did what to which document, when and from where. Never holds content. */
export interface AuditEntry {
  readonly documentName: string
  readonly action: string
  readonly userId: string | null
  readonly address: string | null
  /** ms since the epoch */
  readonly at: number
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>
}

export interface StoredAuditEntry extends AuditEntry {
  readonly sequence: number
}

/** SQLite takes 32,766 parameters, PostgreSQL 65,535; an entry has six. */
const maxEntriesPerStatement = 1_000

export const addAuditEntries = async (db: StoreDatabase, entries: readonly AuditEntry[]): Promise<void> => {
  for (let start = 0; start < entries.length; start += maxEntriesPerStatement) {
    const rows = entries
      .slice(start, start + maxEntriesPerStatement)
      .map(({ detail, ...entry }) => ({ ...entry, detail: detail ? JSON.stringify(detail) : null }))
    await db.insertInto('auditEntries').values(rows).execute()
  }
}

/** Entries of a document, the newest first. */
export const listAuditEntries = async (
  db: StoreDatabase,
  documentName: string,
  { cursor, limit }: PageRequest,
): Promise<Page<StoredAuditEntry>> => {
  let query = db.selectFrom('auditEntries').selectAll().where('documentName', '=', documentName)
  if (cursor !== undefined) query = query.where('sequence', '<', decodeCursor(cursor)[0])
  const rows = await query
    .orderBy('sequence', 'desc')
    .limit(limit + 1)
    .execute()
  const entries = rows.map(({ detail, ...row }) => ({
    ...row,
    ...(detail !== null && { detail: JSON.parse(detail) as NonNullable<AuditEntry['detail']> }),
  }))
  return pageOf(entries, limit, ({ sequence }) => [sequence, ''])
}

/** Makes a user's entries on this shard nobody's, addresses included, and takes away details that name the user. */
export const anonymiseAuditEntries = async (db: StoreDatabase, userId: string): Promise<void> => {
  await db
    .updateTable('auditEntries')
    .set({ userId: null, address: null })
    .where('userId', '=', userId)
    .execute()
  const named = `%${JSON.stringify(userId).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
  await db
    .updateTable('auditEntries')
    .set({ detail: null })
    .where(sql<boolean>`detail like ${named} escape '\\'`)
    .execute()
}
