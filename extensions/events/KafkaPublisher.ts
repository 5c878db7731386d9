import { Partitioners, type Kafka, type Producer } from 'kafkajs'
import { CodraftError } from '../errors.ts'
import type { EventLogStatus, Message } from './EventLog.ts'

interface Waiting {
  readonly topic: string
  readonly messages: readonly Message[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A request that holds this much is not made to wait for more. */
const fullMessages = 100
/** Limits of one request. */
const maxMessages = 4_000
const maxBytes = 900_000

/**
 * Publishes in requests of many messages. One request is under way at a time: with several, a retry could put a
 * message behind later ones of its key.
 */
export class KafkaPublisher {
  readonly #kafka: Kafka
  readonly #gatherMs: number
  readonly #onStatus: (status: EventLogStatus) => void
  #producer: Producer | undefined
  #waiting: Waiting[] = []
  #waitingMessages = 0
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  /**
   * Where the messages of the request go that is under way. When kafkajs tries again, it passes over brokers that have
   * answered; a partition whose leader is one of them by now would never be sent, and nothing would tell.
   */
  readonly #partitions = new Set<string>()

  constructor(kafka: Kafka, gatherMs: number, onStatus: (status: EventLogStatus) => void) {
    this.#kafka = kafka
    this.#gatherMs = gatherMs
    this.#onStatus = onStatus
  }

  publish(topic: string, messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let bytes = 0
    for (const { key, value } of messages) bytes += key.length + value.length
    this.#waiting.push({ topic, messages, bytes, resolve, reject })
    this.#waitingMessages += messages.length
    if (this.#waitingMessages >= fullMessages) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), this.#gatherMs)
    return promise
  }

  async close(): Promise<void> {
    this.#send()
    await this.#sending
    await this.#producer?.disconnect()
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length > 0) this.#sending ??= this.#sendAll()
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#take()
      try {
        await this.#sendBatch(taken)
        this.#onStatus({ healthy: true })
        for (const { resolve } of taken) resolve()
      } catch (cause) {
        const error = new CodraftError(
          'CODRAFT_EVENTS_UNAVAILABLE',
          cause instanceof Error ? cause.message : '',
          { cause },
        )
        this.#onStatus({ healthy: false, error: error.message })
        for (const { reject } of taken) reject(error)
      }
    }
    // In the same turn as the look at the queue: what is published from now on starts anew.
    this.#sending = undefined
  }

  async #sendBatch(taken: readonly Waiting[]): Promise<void> {
    const producer = await this.#connected()
    const byTopic = new Map<string, Message[]>()
    for (const { topic, messages } of taken) {
      const list = byTopic.get(topic)
      if (list) list.push(...messages)
      else byTopic.set(topic, [...messages])
    }
    const topicMessages = Array.from(byTopic, ([topic, messages]) => ({ topic, messages }))
    try {
      this.#partitions.clear()
      const answers = await producer.sendBatch({ acks: -1, topicMessages })
      for (const { topicName, partition } of answers) this.#partitions.delete(placeOf(topicName, partition))
      if (this.#partitions.size > 0) throw new Error(`no answer for ${[...this.#partitions].join(', ')}`)
    } catch (error) {
      // Its sequence numbers may be off now, and then every further request of it would be refused.
      this.#producer = undefined
      void producer.disconnect().catch(() => undefined)
      throw error
    }
  }

  async #connected(): Promise<Producer> {
    if (this.#producer) return this.#producer
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: () => {
        const partitionOf = Partitioners.DefaultPartitioner()
        return (message) => {
          const partition = partitionOf(message)
          this.#partitions.add(placeOf(message.topic, partition))
          return partition
        }
      },
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 6 },
    })
    await producer.connect()
    this.#producer = producer
    return producer
  }

  #take(): Waiting[] {
    let count = 0
    let messages = 0
    let bytes = 0
    for (const waiting of this.#waiting) {
      messages += waiting.messages.length
      bytes += waiting.bytes
      if (count > 0 && (messages > maxMessages || bytes > maxBytes)) break
      count += 1
    }
    const taken = this.#waiting.splice(0, count)
    for (const { messages } of taken) this.#waitingMessages -= messages.length
    return taken
  }
}

const placeOf = (topic: string, partition: number): string => `${topic}/${partition}`
