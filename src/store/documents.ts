import type { Selectable } from 'kysely'
import type { Role } from '../../extensions/auth/index.ts'
import { decodeCursor, pageOf, type Page, type PageRequest, type Position } from './cursor.ts'
import { inGroups } from './row-groups.ts'
import type { DocumentsTable, StoreDatabase } from './schema.ts'
import type { Store } from './Store.ts'

export type DocumentRow = Selectable<DocumentsTable>

export interface NewDocument {
  readonly name: string
  readonly ownerId: string | null
  /** @default 'document' */
  readonly kind?: string
  readonly title?: string
  /** ms since the epoch */
  readonly at: number
}

/** Adds the document unless there is one of this name. Resolves to whether it did. */
export const createDocument = async (
  db: StoreDatabase,
  { name, ownerId, kind = 'document', title, at }: NewDocument,
): Promise<boolean> => {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('documents')
    .values({ name, ownerId, kind, title: title ?? null, createdAt: at, updatedAt: at, deletedAt: null })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

export const findDocument = (db: StoreDatabase, name: string): Promise<DocumentRow | undefined> =>
  db.selectFrom('documents').selectAll().where('name', '=', name).executeTakeFirst()

export interface DocumentChanges {
  readonly title?: string | null
  readonly ownerId?: string
  readonly updatedAt?: number
  /** Puts it into the bin; null takes it out again. */
  readonly deletedAt?: number | null
}

/** Resolves to whether there is such a document. */
export const updateDocument = async (
  db: StoreDatabase,
  name: string,
  changes: DocumentChanges,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('documents')
    .set(changes)
    .where('name', '=', name)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Names of documents that were put into the bin at `until` or before, ms since the epoch; the oldest first. */
export const listBin = async (db: StoreDatabase, until: number, limit: number): Promise<string[]> => {
  const rows = await db
    .selectFrom('documents')
    .select('name')
    .where('deletedAt', '<=', until)
    .orderBy('deletedAt')
    .limit(limit)
    .execute()
  return rows.map(({ name }) => name)
}

export interface TouchedDocument {
  readonly name: string
  /** When it was edited, ms since the epoch. */
  readonly at: number
}

/** Notes edits: documents that are new get a row without an owner, erased ones stay erased. */
export const touchDocuments = async (
  db: StoreDatabase,
  touched: readonly TouchedDocument[],
): Promise<void> => {
  for (const some of inGroups(touched)) {
    const erased = await db
      .selectFrom('tombstones')
      .select('documentName')
      .where(
        'documentName',
        'in',
        some.map(({ name }) => name),
      )
      .execute()
    const erasedNames = new Set(erased.map(({ documentName }) => documentName))
    const rows = some
      .filter(({ name }) => !erasedNames.has(name))
      .map(({ name, at }) => ({
        name,
        ownerId: null,
        kind: 'document',
        title: null,
        createdAt: at,
        updatedAt: at,
        deletedAt: null,
      }))
    if (rows.length === 0) continue
    await db
      .insertInto('documents')
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('name').doUpdateSet((eb) => ({ updatedAt: eb.ref('excluded.updatedAt') })),
      )
      .execute()
  }
}

/** Documents that have been in the bin since before `before`. */
export const findDeletedBefore = async (
  db: StoreDatabase,
  before: number,
  limit: number,
): Promise<string[]> => {
  const rows = await db
    .selectFrom('documents')
    .select('name')
    .where('deletedAt', '<', before)
    .orderBy('deletedAt')
    .limit(limit)
    .execute()
  return rows.map(({ name }) => name)
}

export interface DocumentListRequest extends PageRequest {
  /** Documents with a grant for this user … */
  readonly userId?: string | undefined
  /** … and those whose name is one of these, or begins with one that ends in `*`. */
  readonly patterns?: readonly string[]
  /** Those in the bin instead of those in use. @default false */
  readonly deleted?: boolean
}

export interface ListedDocument extends DocumentRow {
  /** What the user has been granted; null for a document that only a pattern has found. */
  readonly role: Role | null
}

/** Documents of all shards, those that changed last first; a little stale. */
export const listDocuments = async (
  store: Store,
  request: DocumentListRequest,
): Promise<Page<ListedDocument>> => {
  const after = request.cursor === undefined ? undefined : decodeCursor(request.cursor)
  const found = await Promise.all(store.allForReading.map((db) => listOnShard(db, request, after)))
  const merged = found.flat().sort(byUpdate)
  return pageOf(merged, request.limit, ({ updatedAt, name }) => [updatedAt, name])
}

const byUpdate = (a: DocumentRow, b: DocumentRow): number =>
  b.updatedAt - a.updatedAt || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))

/** The last character that a name can have. */
const highest = '\u{10FFFF}'

const listOnShard = (
  db: StoreDatabase,
  { userId = '', patterns = [], deleted = false, limit }: DocumentListRequest,
  after: Position | undefined,
): Promise<ListedDocument[]> => {
  let query = db
    .selectFrom('documents')
    .leftJoin('grants', (join) =>
      join.onRef('grants.documentName', '=', 'documents.name').on('grants.userId', '=', userId),
    )
    .selectAll('documents')
    .select('grants.role')
    .where('deletedAt', deleted ? 'is not' : 'is', null)
    .where(({ or, and, eb }) =>
      or([
        eb('grants.role', 'is not', null),
        ...patterns.map((pattern) => {
          if (!pattern.endsWith('*')) return eb('name', '=', pattern)
          const prefix = pattern.slice(0, -1)
          return and([eb('name', '>=', prefix), eb('name', '<=', prefix + highest)])
        }),
      ]),
    )
  if (after) {
    const [updatedAt, name] = after
    query = query.where(({ or, and, eb }) =>
      or([eb('updatedAt', '<', updatedAt), and([eb('updatedAt', '=', updatedAt), eb('name', '>', name)])]),
    )
  }
  return query
    .orderBy('updatedAt', 'desc')
    .orderBy('name')
    .limit(limit + 1)
    .execute()
}
