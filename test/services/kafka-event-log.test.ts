import { KafkaEventLog } from '../../extensions/events/index.ts'
import { eventLogConformance } from '../conformance/event-log.ts'
import { serviceVariable } from '../helpers/services.ts'

for (const [driver, variable] of [
  ['Kafka', 'CODRAFT_TEST_KAFKA_BROKERS'],
  ['Kafka with 3 brokers', 'CODRAFT_TEST_KAFKA_CLUSTER'],
] as const) {
  eventLogConformance(driver, async () => {
    const options = { brokers: serviceVariable(variable).split(','), sessionTimeoutMs: 6_000 }
    let log = new KafkaEventLog(options)
    return {
      log,
      async reopen() {
        await log.close()
        log = new KafkaEventLog(options)
        return log
      },
      dispose: () => log.close(),
    }
  })
}
