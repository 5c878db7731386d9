import type { Selectable } from 'kysely'
import { inGroups } from './row-groups.ts'
import type { DocumentUsageTable, StoreDatabase } from './schema.ts'

export type UsageSpan = 'day' | 'hour'

export const spanMs: Readonly<Record<UsageSpan, number>> = { day: 86_400_000, hour: 3_600_000 }

/** Hours are kept this long; days for good. */
export const hoursKeptMs = 7 * spanMs.day

const countNames = ['opens', 'sessions', 'sessionMs', 'edits', 'inserted', 'deleted'] as const

export type UsageCounts = Readonly<Record<(typeof countNames)[number], number>>

/** What happened to a document at a moment. */
export interface Usage extends Partial<UsageCounts> {
  readonly documentName: string
  /** ms since the epoch; counted in the day and the hour (UTC) that it falls in. */
  readonly time: number
  /** Edits of each user. */
  readonly editors?: ReadonlyMap<string, number>
}

const spans = Object.keys(spanMs) as UsageSpan[]

/** Adds to what is counted. Call it in the transaction that marks the events as applied. */
export const addUsage = async (tx: StoreDatabase, usages: readonly Usage[]): Promise<void> => {
  const totals = new Map<string, Place & Record<keyof UsageCounts, number>>()
  const editors = new Map<string, Place & { userId: string; edits: number }>()
  for (const usage of usages) {
    for (const span of spans) {
      const startsAt = Math.floor(usage.time / spanMs[span]) * spanMs[span]
      const place = { documentName: usage.documentName, span, startsAt }
      const key = JSON.stringify(Object.values(place))
      const total = totals.get(key) ?? { ...place, ...noCounts }
      totals.set(key, total)
      for (const name of countNames) total[name] += usage[name] ?? 0
      for (const [userId, edits] of usage.editors ?? []) {
        const editorKey = JSON.stringify([key, userId])
        const editor = editors.get(editorKey) ?? { ...place, userId, edits: 0 }
        editors.set(editorKey, editor)
        editor.edits += edits
      }
    }
  }
  await upsert(totals, (rows) => addTotals(tx, rows))
  await upsert(editors, (rows) => addEditors(tx, rows))
}

/** In the order of the keys: transactions that touch the same rows must not wait for each other. */
const upsert = async <Row>(
  rows: ReadonlyMap<string, Row>,
  write: (rows: readonly Row[]) => Promise<void>,
): Promise<void> => {
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  for (const group of inGroups(sorted)) await write(group)
}

interface Place {
  readonly documentName: string
  readonly span: UsageSpan
  readonly startsAt: number
}

const noCounts: UsageCounts = { opens: 0, sessions: 0, sessionMs: 0, edits: 0, inserted: 0, deleted: 0 }

const addTotals = async (tx: StoreDatabase, rows: readonly (Place & UsageCounts)[]): Promise<void> => {
  await tx
    .insertInto('documentUsage')
    .values([...rows])
    .onConflict((conflict) =>
      conflict.columns(['documentName', 'span', 'startsAt']).doUpdateSet(({ eb, ref }) => {
        const sum = (name: keyof UsageCounts) => eb(`documentUsage.${name}`, '+', ref(`excluded.${name}`))
        return Object.fromEntries(countNames.map((name) => [name, sum(name)]))
      }),
    )
    .execute()
}

interface EditorRow extends Place {
  readonly userId: string
  readonly edits: number
}

const addEditors = async (tx: StoreDatabase, rows: readonly EditorRow[]): Promise<void> => {
  await tx
    .insertInto('documentEditors')
    .values([...rows])
    .onConflict((conflict) =>
      conflict
        .columns(['documentName', 'span', 'startsAt', 'userId'])
        .doUpdateSet(({ eb, ref }) => ({ edits: eb('documentEditors.edits', '+', ref('excluded.edits')) })),
    )
    .execute()
}

/** Journal and position up to which the edits of a document are counted. */
export interface CountedPosition {
  readonly documentName: string
  readonly journal: string
  readonly position: number
}

export const readCountedPositions = (
  tx: StoreDatabase,
  documentNames: readonly string[],
): Promise<CountedPosition[]> =>
  documentNames.length === 0
    ? Promise.resolve([])
    : tx.selectFrom('countedPositions').selectAll().where('documentName', 'in', documentNames).execute()

export const saveCountedPositions = async (
  tx: StoreDatabase,
  rows: readonly CountedPosition[],
): Promise<void> => {
  const byKey = new Map(rows.map((row) => [JSON.stringify([row.documentName, row.journal]), row]))
  await upsert(byKey, async (some) => {
    await tx
      .insertInto('countedPositions')
      .values([...some])
      .onConflict((conflict) =>
        conflict
          .columns(['documentName', 'journal'])
          .doUpdateSet(({ ref }) => ({ position: ref('excluded.position') })),
      )
      .execute()
  })
}

/** What was counted up to the last rebuild stands for events before this time, ms since the epoch. */
export const rebuiltSince = async (tx: StoreDatabase): Promise<number> =>
  (await tx.selectFrom('analyticsRebuild').select('since').executeTakeFirst())?.since ?? 0

/** Forgets what was counted from `since` on, so that the events are counted anew. */
export const clearUsage = async (tx: StoreDatabase, since: number): Promise<void> => {
  await tx.deleteFrom('documentUsage').where('startsAt', '>=', since).execute()
  await tx.deleteFrom('documentEditors').where('startsAt', '>=', since).execute()
  await tx.deleteFrom('countedPositions').execute()
  await tx
    .insertInto('analyticsRebuild')
    .values({ id: 1, since })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ since }))
    .execute()
}

/** Removes hours that are not shown any more. */
export const pruneUsage = async (db: StoreDatabase, now: number): Promise<void> => {
  for (const table of ['documentUsage', 'documentEditors'] as const) {
    await db
      .deleteFrom(table)
      .where('span', '=', 'hour')
      .where('startsAt', '<', now - hoursKeptMs - spanMs.hour)
      .execute()
  }
}

export interface UsageRow extends Omit<Selectable<DocumentUsageTable>, 'documentName' | 'span'> {
  /** Users who edited. */
  readonly editors: number
}

/** The days or hours of a document from `since` on in which something happened, the oldest first. */
export const listUsage = async (
  db: StoreDatabase,
  documentName: string,
  span: UsageSpan,
  since: number,
): Promise<UsageRow[]> => {
  const editors = await db
    .selectFrom('documentEditors')
    .select(({ fn }) => ['startsAt', fn.countAll<number>().as('editors')])
    .where('documentName', '=', documentName)
    .where('span', '=', span)
    .where('startsAt', '>=', since)
    .groupBy('startsAt')
    .execute()
  const editorsAt = new Map(editors.map(({ startsAt, editors }) => [startsAt, editors]))
  const rows = await db
    .selectFrom('documentUsage')
    .select(['startsAt', ...countNames])
    .where('documentName', '=', documentName)
    .where('span', '=', span)
    .where('startsAt', '>=', since)
    .orderBy('startsAt')
    .execute()
  return rows.map((row) => ({ ...row, editors: editorsAt.get(row.startsAt) ?? 0 }))
}

/** Users who edited a document on a day from `since` on. */
export const countEditors = async (
  db: StoreDatabase,
  documentName: string,
  since: number,
): Promise<number> => {
  const { editors } = await db
    .selectFrom('documentEditors')
    .select(({ fn }) => fn.count<number>('userId').distinct().as('editors'))
    .where('documentName', '=', documentName)
    .where('span', '=', 'day')
    .where('startsAt', '>=', since)
    .executeTakeFirstOrThrow()
  return editors
}
