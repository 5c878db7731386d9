import { join } from 'node:path'
import { KafkaEventLog, SqliteEventLog, type EventLog } from '../extensions/events/index.ts'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'

/** The event log that the settings name: Kafka, or a file in the data folder. */
export const openEventLog = async (config: Config, logger: Logger): Promise<EventLog> => {
  const { kafkaBrokers, kafkaSsl, kafkaSaslMechanism, kafkaUsername, kafkaPassword } = config
  if (kafkaBrokers.length === 0) return SqliteEventLog.open({ path: join(config.dataDir, 'events.sqlite') })
  return new KafkaEventLog({
    brokers: kafkaBrokers,
    ssl: kafkaSsl,
    ...(kafkaUsername !== undefined && {
      sasl: {
        mechanism: kafkaSaslMechanism as 'plain',
        username: kafkaUsername,
        password: kafkaPassword ?? '',
      },
    }),
    onWarning: (message) => logger.warn({ from: 'kafka' }, message),
  })
}
