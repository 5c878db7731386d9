import { KafkaEventLog } from '../../extensions/events/index.ts'
import { eventLogConformance } from '../conformance/event-log.ts'
import { kafkaBrokers, kafkaCluster } from '../helpers/services.ts'

for (const [driver, brokers] of [
  ['Kafka', kafkaBrokers],
  ['Kafka with 3 brokers', kafkaCluster],
] as const) {
  eventLogConformance(driver, async () => {
    const options = { brokers: brokers(), sessionTimeoutMs: 6_000 }
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
