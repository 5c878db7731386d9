import type { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import { CodraftError } from '../../extensions/errors.ts'
import { columnTypes, type Engine } from './migrations/column-types.ts'
import { migrations } from './migrations/index.ts'
import type { Schema } from './schema.ts'

/**
 * Brings the tables up to date. Any number of instances may do it at the same time: one holds the lock (an advisory
 * lock of PostgreSQL, the write lock of a SQLite file), the others find the work done.
 *
 * @throws {CodraftError} CODRAFT_STORE_SCHEMA_UNKNOWN when a newer release has changed the tables
 */
export const migrate = async (db: Kysely<Schema>, engine: Engine): Promise<void> => {
  await assertKnown(db)
  const types = columnTypes[engine]
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: async () =>
        Object.fromEntries(
          Object.entries(migrations).map(([name, run]) => [name, { up: (db) => run(db, types) }]),
        ),
    },
    migrationTableName: 'migrations',
    migrationLockTableName: 'migrations_lock',
    // Two branches of development may add migrations at the same time.
    allowUnorderedMigrations: true,
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}

/** Kysely would name it a corruption. */
const assertKnown = async (db: Kysely<Schema>): Promise<void> => {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'migrations')) return
  const done = await (db as unknown as Kysely<{ migrations: { name: string } }>)
    .selectFrom('migrations')
    .select('name')
    .execute()
  const unknown = done.find(({ name }) => !Object.hasOwn(migrations, name))
  if (unknown) throw new CodraftError('CODRAFT_STORE_SCHEMA_UNKNOWN', unknown.name)
}
