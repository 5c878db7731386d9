import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { CodraftError } from '../extensions/errors.ts'
import {
  deadLetterTopic,
  KafkaEventLog,
  SqliteEventLog,
  topicSpecs,
  type EditPublisher,
  type EventLog,
} from '../extensions/events/index.ts'
import type { Config } from './config.ts'
import type { Erasable } from './documents/Eraser.ts'
import type { Logger } from './logger.ts'
import { maxMessageAgeMs } from './store/handled-events.ts'
import type { Store } from './store/Store.ts'
import { listErasedSince } from './store/tombstones.ts'

/** The event log that the settings name: Kafka, or a file in the data folder. */
export const openEventLog = async (config: Config, logger: Pick<Logger, 'warn'>): Promise<EventLog> => {
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

/** Topics whose messages hold content of documents. */
const contentTopics = ['document-edits', deadLetterTopic('document-edits')] as const

/** Takes the edits of an erased document out of the log. Kafka keeps them until their retention has passed. */
export const erasableEvents = (log: EventLog, edits: EditPublisher): Erasable => ({
  async erase(documentName) {
    await edits.settled()
    for (const topic of contentTopics) await log.erase(topic, documentName)
  },
})

/** Takes out what was erased while this instance was down; a message that is older has passed its retention. */
export const forgetErased = async (store: Pick<Store, 'all'>, events: Erasable): Promise<void> => {
  for (const db of store.all) {
    const names = await listErasedSince(db, Date.now() - maxMessageAgeMs)
    for (const name of names) await events.erase(name)
  }
}

const firstRetryMs = 500
const maxRetryMs = 15_000

/**
 * Makes the topics of the catalogue as soon as the log can be reached: a log that is away is no reason not to start.
 * Resolves when they are there, or when `signal` is aborted.
 *
 * @throws {CodraftError} CODRAFT_TOPIC_MISMATCH
 */
export const ensureTopics = async (log: EventLog, logger: Logger, signal: AbortSignal): Promise<void> => {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      await log.ensureTopics(topicSpecs)
      return
    } catch (error) {
      if (error instanceof CodraftError && error.errorCode === 'CODRAFT_TOPIC_MISMATCH') throw error
      if (attempt === 0) logger.error({ err: error }, 'the event log cannot be reached; trying again')
    }
    const waitMs = Math.min(maxRetryMs, firstRetryMs * 2 ** attempt)
    await setTimeout(waitMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
}
