import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

const onServer = async (serverUrl: string, statements: readonly string[]): Promise<void> => {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

export interface TestDatabases {
  readonly urls: readonly string[]
  drop(): Promise<void>
}

/** New databases on a PostgreSQL server. */
export const createDatabases = async (serverUrl: string, count = 1): Promise<TestDatabases> => {
  const names = Array.from({ length: count }, () => `codraft_${randomBytes(6).toString('hex')}`)
  await onServer(
    serverUrl,
    names.map((name) => `create database ${name}`),
  )
  return {
    urls: names.map((name) => {
      const url = new URL(serverUrl)
      url.pathname = `/${name}`
      return url.href
    }),
    drop: () =>
      onServer(
        serverUrl,
        names.map((name) => `drop database ${name} with (force)`),
      ),
  }
}
