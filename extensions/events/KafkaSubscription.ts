import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs'
import type { StoredMessage, SubscribeOptions, Subscription } from './EventLog.ts'

export interface KafkaSubscriptionParts {
  readonly heartbeatMs: number
  readonly onClosed: () => void
}

/** Pauses after a handler has failed, ms. */
const firstPauseMs = 100
const maxPauseMs = 5_000

/** One member of a Kafka consumer group. */
export class KafkaSubscription implements Subscription {
  readonly #consumer: Consumer
  readonly #options: SubscribeOptions
  readonly #parts: KafkaSubscriptionParts
  readonly #handling = new Set<AbortController>()
  readonly #failures = new Map<string, number>()
  #closed = false

  constructor(consumer: Consumer, options: SubscribeOptions, parts: KafkaSubscriptionParts) {
    this.#consumer = consumer
    this.#options = options
    this.#parts = parts
  }

  async start(): Promise<void> {
    const { topics, from = 'beginning', concurrency = 4, onError } = this.#options
    const consumer = this.#consumer
    consumer.on(consumer.events.REBALANCING, () => this.#abort())
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#abort()
      onError?.(payload.error)
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: from === 'beginning' })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: (payload) => this.#handle(payload),
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#abort()
    await this.#consumer.disconnect()
    this.#parts.onClosed()
  }

  #abort(): void {
    for (const controller of this.#handling) controller.abort()
  }

  async #handle({ batch, heartbeat, isRunning, isStale, resolveOffset }: EachBatchPayload): Promise<void> {
    const { topic, partition } = batch
    if (this.#closed || !isRunning() || isStale()) return
    const messages = batch.messages.map((message) => storedMessage(topic, partition, message))
    const controller = new AbortController()
    this.#handling.add(controller)
    // A handler may take longer than a session lasts.
    const beating = setInterval(() => {
      heartbeat().catch(() => controller.abort())
    }, this.#parts.heartbeatMs)
    let next = messages[0]?.offset ?? 0
    const first = next
    const done = (message: StoredMessage): void => {
      next = Math.max(next, message.offset + 1)
      resolveOffset(`${message.offset}`)
    }
    try {
      await this.#options.handle({ topic, partition, messages, signal: controller.signal, done })
      const last = messages.at(-1)
      if (last) done(last)
      // Records that are no messages, such as the marks of transactions, stand behind the last message.
      resolveOffset(batch.lastOffset())
      this.#failures.delete(`${topic}/${partition}`)
    } catch (error) {
      if (!controller.signal.aborted) {
        this.#options.onError?.(error)
        this.#pause(topic, partition, next)
      }
    } finally {
      clearInterval(beating)
      this.#handling.delete(controller)
    }
    if (next > first) await this.#commit(topic, partition, next)
  }

  /** Delivers the partition from `next` on again, in a while; the others go on. */
  #pause(topic: string, partition: number, next: number): void {
    const place = `${topic}/${partition}`
    const failures = this.#failures.get(place) ?? 0
    this.#failures.set(place, failures + 1)
    const one = [{ topic, partitions: [partition] }]
    this.#consumer.seek({ topic, partition, offset: `${next}` })
    this.#consumer.pause(one)
    setTimeout(
      () => {
        if (!this.#closed) this.#consumer.resume(one)
      },
      Math.min(maxPauseMs, firstPauseMs * 2 ** failures),
    ).unref()
  }

  async #commit(topic: string, partition: number, next: number): Promise<void> {
    try {
      await this.#consumer.commitOffsets([{ topic, partition, offset: `${next}` }])
    } catch (error) {
      // The group is being rebalanced or its coordinator is away: what is not committed is delivered again.
      this.#options.onError?.(error)
    }
  }
}

export const storedMessage = (topic: string, partition: number, message: KafkaMessage): StoredMessage => ({
  topic,
  partition,
  offset: Number(message.offset),
  time: Number(message.timestamp),
  key: message.key?.toString() ?? '',
  value: message.value?.toString() ?? '',
  headers: textHeaders(message.headers),
})

const noHeaders = {}

const textHeaders = (headers: KafkaMessage['headers']): Readonly<Record<string, string>> => {
  const entries = Object.entries(headers ?? {})
  // Nearly all messages have none.
  return entries.length === 0
    ? noHeaders
    : Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}
