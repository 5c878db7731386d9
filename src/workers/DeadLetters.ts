import {
  deadLetterTopic,
  decodeEvent,
  topicNames,
  type EventLog,
  type StoredMessage,
  type TopicName,
} from '../../extensions/events/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import { listSettled, settleDeadLetter } from '../store/dead-letters.ts'
import type { Store } from '../store/Store.ts'

export interface DeadLetter {
  /** `<topic>/<number>` */
  readonly id: string
  readonly topic: TopicName
  /** When it became one, ms since the epoch. */
  readonly time: number
  /** Consumer group of the worker that could not handle it. */
  readonly group: string
  readonly cause: string
  readonly attempts: number
  /** Type of the event; undefined when it is none. */
  readonly type: string | undefined
  readonly message: StoredMessage
}

/** The messages that workers could not handle: looked at, tried again, or dropped. */
export class DeadLetters {
  readonly #log: EventLog
  readonly #store: Store

  constructor(log: EventLog, store: Store) {
    this.#log = log
    this.#store = store
  }

  /** Those of some topics that are neither retried nor dropped, the oldest of each topic first. */
  async list(topics: readonly TopicName[] = topicNames): Promise<DeadLetter[]> {
    const lists = await Promise.all(
      topics.map(async (topic) => {
        const deadTopic = deadLetterTopic(topic)
        const settled = await listSettled(this.#store.of(deadTopic), deadTopic)
        const messages = await this.#log.read(deadTopic)
        return messages
          .filter(({ offset }) => !settled.has(offset))
          .map((message) => deadLetterOf(topic, message))
      }),
    )
    return lists.flat()
  }

  /** @throws {CodraftError} CODRAFT_NOT_FOUND when there is none with one of the ids */
  async find(ids: readonly string[]): Promise<DeadLetter[]> {
    const all = new Map((await this.list()).map((letter) => [letter.id, letter]))
    return ids.map((id) => {
      const letter = all.get(id)
      if (!letter) throw new CodraftError('CODRAFT_NOT_FOUND', `there is no dead letter ${id}`)
      return letter
    })
  }

  /** Publishes it again, for the group that could not handle it only. */
  async retry({ topic, group, message: { key, value } }: DeadLetter): Promise<void> {
    await this.#log.publish(topic, [{ key, value, headers: { group } }])
  }

  async settle({ topic, message: { offset } }: DeadLetter): Promise<void> {
    const deadTopic = deadLetterTopic(topic)
    await settleDeadLetter(this.#store.of(deadTopic), deadTopic, offset)
  }
}

const deadLetterOf = (topic: TopicName, message: StoredMessage): DeadLetter => {
  const { group = '', cause = '', attempts = '' } = message.headers
  return {
    id: `${topic}/${message.offset}`,
    topic,
    time: message.time,
    group,
    cause,
    attempts: Number(attempts),
    type: typeOf(message),
    message,
  }
}

const typeOf = (message: StoredMessage): string | undefined => {
  try {
    return decodeEvent(message).type
  } catch {
    return undefined
  }
}
