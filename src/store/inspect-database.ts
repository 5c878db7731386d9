import { existsSync } from 'node:fs'
import { sql, type Kysely } from 'kysely'
import { migrations } from './migrations/index.ts'
import { engineOf, openDatabase } from './open-database.ts'
import type { Schema } from './schema.ts'

export interface DatabaseState {
  /** False before the first start. */
  readonly isSetUp: boolean
  /** Migrations that this version has and the database does not. */
  readonly pending: readonly string[]
  /** Migrations of a newer version. */
  readonly unknown: readonly string[]
  /** Which of how many databases it was set up as, from 0. */
  readonly shard?: { readonly position: number; readonly total: number }
  /** What its clock says, ms since the epoch; undefined for a file. */
  readonly clockMs?: number
}

/**
 * Looks at a database of the store and changes nothing.
 *
 * @throws {CodraftError} CODRAFT_STORE_UNAVAILABLE
 */
export const inspectDatabase = async (url: string): Promise<DatabaseState> => {
  const isFile = engineOf(url) === 'sqlite'
  const nothing = { isSetUp: false, pending: [], unknown: [] }
  if (isFile && !existsSync(url.slice('sqlite:'.length))) return nothing
  const db = openDatabase(url, { maxConnections: 1, statementTimeoutMs: 10_000, connectTimeoutMs: 3_000 })
  try {
    const clock = isFile ? {} : { clockMs: await clockOf(db) }
    const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
    if (!tables.some(({ name }) => name === 'migrations')) return { ...nothing, ...clock }
    const { rows } = await sql<{ name: string }>`select name from migrations`.execute(db)
    const done = new Set(rows.map(({ name }) => name))
    const shard = tables.some(({ name }) => name === 'shard')
      ? await db.selectFrom('shard').select(['position', 'total']).executeTakeFirst()
      : undefined
    return {
      isSetUp: true,
      pending: Object.keys(migrations).filter((name) => !done.has(name)),
      unknown: [...done].filter((name) => !Object.hasOwn(migrations, name)),
      ...(shard && { shard }),
      ...clock,
    }
  } finally {
    await db.destroy()
  }
}

const clockOf = async (db: Kysely<Schema>): Promise<number> => {
  const { rows } = await sql<{
    ms: string
  }>`select (extract(epoch from clock_timestamp()) * 1000)::bigint::text as ms`.execute(db)
  return Number(rows[0]?.ms)
}
