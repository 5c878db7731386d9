import { CamelCasePlugin, Kysely } from 'kysely'
import type { Engine } from './migrations/column-types.ts'
import { postgresDialect, type PostgresOptions } from './postgres-dialect.ts'
import type { Schema } from './schema.ts'
import { sqliteDialect } from './sqlite-dialect.ts'

export const engineOf = (url: string): Engine => (url.startsWith('sqlite:') ? 'sqlite' : 'postgres')

/** `url` is `postgres://…`, or `sqlite:` and the path of a file, which is made when it is missing. */
export const openDatabase = (url: string, options: Omit<PostgresOptions, 'url'>): Kysely<Schema> =>
  new Kysely({
    dialect:
      engineOf(url) === 'sqlite'
        ? sqliteDialect(url.slice('sqlite:'.length))
        : postgresDialect({ url, ...options }),
    plugins: [new CamelCasePlugin()],
  })
