import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { storeConformance } from '../conformance/store.ts'
import { serviceVariable } from '../helpers/services.ts'

const serverUrl = serviceVariable('CODRAFT_TEST_POSTGRES_URL')

const onServer = async (...statements: string[]): Promise<void> => {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

storeConformance('PostgreSQL', async (databases) => {
  const names = Array.from({ length: databases }, () => `codraft_${randomBytes(6).toString('hex')}`)
  await onServer(...names.map((name) => `create database ${name}`))
  return {
    urls: names.map((name) => {
      const url = new URL(serverUrl)
      url.pathname = `/${name}`
      return url.href
    }),
    dispose: () => onServer(...names.map((name) => `drop database ${name} with (force)`)),
  }
})
