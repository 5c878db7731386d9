import { sql, type SelectQueryBuilder } from 'kysely'
import { decodeCursor, pageOf, type Page, type PageRequest } from './cursor.ts'

/** A page of what a query selects, the newest by the column `time` first, then by id. */
export const newestFirst = async <
  Database,
  Table extends keyof Database,
  Time extends string,
  Row extends { readonly id: string } & Readonly<Record<Time, number>>,
>(
  query: SelectQueryBuilder<Database, Table, Row>,
  time: Time,
  { cursor, limit }: PageRequest,
): Promise<Page<Row>> => {
  const [timeColumn, idColumn] = [sql.ref<number>(time), sql.ref<string>('id')]
  let part = query
  if (cursor !== undefined) {
    const [at, id] = decodeCursor(cursor)
    part = part.where(({ or, and, eb }) =>
      or([eb(timeColumn, '<', at), and([eb(timeColumn, '=', at), eb(idColumn, '<', id)])]),
    )
  }
  const rows = await part
    .orderBy(timeColumn, 'desc')
    .orderBy(idColumn, 'desc')
    .limit(limit + 1)
    .execute()
  return pageOf(rows, limit, (row) => [row[time], row.id])
}
