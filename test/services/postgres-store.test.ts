import { storeConformance } from '../conformance/store.ts'
import { createDatabases } from '../helpers/postgres.ts'
import { serviceVariable } from '../helpers/services.ts'

const serverUrl = serviceVariable('CODRAFT_TEST_POSTGRES_URL')

storeConformance('PostgreSQL', async (count) => {
  const { urls, drop } = await createDatabases(serverUrl, count)
  return { urls, dispose: drop }
})
