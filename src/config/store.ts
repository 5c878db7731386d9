import { list, settings } from './leaf.ts'

const isDatabaseUrl = (url: string): boolean => /^(?:postgres(?:ql)?:\/\/.|sqlite:.)/.test(url)
const databaseUrlRule = 'must be postgres://user:password@host:port/name, or sqlite: and the path of a file'

/** Settings of the databases. */
export const storeSettings = {
  databases: list()
    .refine((urls) => urls.every(isDatabaseUrl), databaseUrlRule)
    .register(settings, {
      env: 'DATABASE_URL',
      secret: true,
      group: 'Store',
      description:
        'Database of documents, permissions, versions and audit: a PostgreSQL URL. Several, comma-separated, share the documents; their number and order must not change later. Not set: a SQLite file in the data folder.',
    }),
  readDatabases: list()
    .refine((urls) => urls.every(isDatabaseUrl), databaseUrlRule)
    .register(settings, {
      env: 'DATABASE_READ_URLS',
      secret: true,
      group: 'Store',
      description:
        'Replicas that serve reads which may be a little stale (lists), never permission checks. Comma-separated, in the order of DATABASE_URL, and from the start again.',
    }),
}
