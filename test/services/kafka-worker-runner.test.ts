import { KafkaEventLog } from '../../extensions/events/index.ts'
import { Store } from '../../src/store/Store.ts'
import { workerRunnerConformance } from '../conformance/worker-runner.ts'
import { createDatabases } from '../helpers/postgres.ts'
import { serviceVariable } from '../helpers/services.ts'

workerRunnerConformance('Kafka and PostgreSQL', async () => {
  const brokers = serviceVariable('CODRAFT_TEST_KAFKA_BROKERS').split(',')
  const databases = await createDatabases(serviceVariable('CODRAFT_TEST_POSTGRES_URL'), 2)
  const log = new KafkaEventLog({ brokers, sessionTimeoutMs: 6_000 })
  const store = await Store.open({ databases: databases.urls })
  return {
    log,
    store,
    async dispose() {
      await log.close()
      await store.close()
      await databases.drop()
    },
  }
})
