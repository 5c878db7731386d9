import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { Kafka, logLevel, type Admin, type Consumer, type KafkaConfig } from 'kafkajs'
import { CodraftError } from '../errors.ts'
import type {
  EventLog,
  EventLogStatus,
  GroupLag,
  Message,
  PartitionLag,
  SeekTarget,
  StoredMessage,
  SubscribeOptions,
  Subscription,
  TopicReport,
  TopicSpec,
  TopicState,
} from './EventLog.ts'
import { KafkaPublisher } from './KafkaPublisher.ts'
import { KafkaSubscription, storedMessage } from './KafkaSubscription.ts'

export interface KafkaEventLogOptions {
  /** host:port of one or more brokers; the others are found through them. */
  readonly brokers: readonly string[]
  /** @default 'codraft' */
  readonly clientId?: string
  readonly ssl?: KafkaConfig['ssl']
  readonly sasl?: KafkaConfig['sasl']
  /**
   * Messages are gathered this long for one request, unless it is full before, ms. One message a request costs
   * 30 to 50 times as much.
   * @default 5
   */
  readonly gatherMs?: number
  /**
   * A member that has not been heard of for this long loses its partitions, ms.
   * @default 10_000
   */
  readonly sessionTimeoutMs?: number
  /** What kafkajs reports, as warnings. */
  readonly onWarning?: (message: string) => void
}

/** A fetch that gathers messages ends early with this much of them. */
const gatheredBytes = 64 * 1024

/** Event log in Apache Kafka 2.1 or later. Messages are acknowledged by all in-sync replicas (`acks=all`). */
export class KafkaEventLog implements EventLog {
  status: EventLogStatus = { healthy: true }
  readonly #kafka: Kafka
  readonly #publisher: KafkaPublisher
  #lastOffsets: Promise<unknown> = Promise.resolve()
  readonly #sessionTimeoutMs: number
  readonly #subscriptions = new Set<Subscription>()
  #connectedAdmin: Promise<Admin> | undefined

  constructor(options: KafkaEventLogOptions) {
    const { brokers, clientId = 'codraft', ssl, sasl, gatherMs = 5, sessionTimeoutMs = 10_000 } = options
    this.#sessionTimeoutMs = sessionTimeoutMs
    this.#kafka = new Kafka({
      clientId,
      brokers: [...brokers],
      ...(ssl !== undefined && { ssl }),
      ...(sasl !== undefined && { sasl }),
      connectionTimeout: 3_000,
      requestTimeout: 15_000,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 6 },
      logLevel: logLevel.WARN,
      logCreator:
        () =>
        ({ log }) =>
          options.onWarning?.(`${log.message}${typeof log['error'] === 'string' ? `: ${log['error']}` : ''}`),
    })
    this.#publisher = new KafkaPublisher(this.#kafka, gatherMs, (status) => {
      this.status = status
    })
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<TopicReport[]> {
    const admin = await this.#admin()
    const { brokers } = await reaching(() => admin.describeCluster())
    const existing = new Set(await reaching(() => admin.listTopics()))
    const missing = specs.filter(({ name }) => !existing.has(name))
    if (missing.length > 0) {
      await reaching(() =>
        admin.createTopics({
          waitForLeaders: true,
          topics: missing.map(({ name, partitions, replication, retentionMs, maxMessageBytes }) => ({
            topic: name,
            numPartitions: partitions,
            replicationFactor: Math.min(replication, brokers.length),
            configEntries: [
              { name: 'retention.ms', value: `${retentionMs}` },
              { name: 'max.message.bytes', value: `${maxMessageBytes}` },
              { name: 'min.insync.replicas', value: brokers.length >= 3 ? '2' : '1' },
            ],
          })),
        }),
      )
    }
    const { topics } = await reaching(() => metadataOf(admin, specs))
    return specs.map(({ name, partitions }) => {
      const found = topics.find((topic) => topic.name === name)?.partitions ?? []
      if (found.length !== partitions) {
        const detail = `${name} has ${found.length} partitions, the catalogue says ${partitions}`
        throw new CodraftError('CODRAFT_TOPIC_MISMATCH', detail)
      }
      const replication = found[0]?.replicas.length ?? 0
      return { name, partitions, replication, created: !existing.has(name) }
    })
  }

  async describe(topics: readonly string[]): Promise<TopicState[]> {
    const admin = await this.#admin()
    const existing = new Set(await reaching(() => admin.listTopics()))
    const names = topics.filter((name) => existing.has(name))
    if (names.length === 0) return []
    const metadata = await reaching(() => admin.fetchTopicMetadata({ topics: names }))
    const ends = await reaching(() => Promise.all(names.map((name) => this.#offsetsOf(admin, name))))
    return names.map((name, index) => {
      const found = metadata.topics.find((topic) => topic.name === name)?.partitions ?? []
      const offsetOf = (partition: number, which: 'low' | 'high'): number =>
        Number(ends[index]?.find((entry) => entry.partition === partition)?.[which] ?? 0)
      const partitions = found
        .map(({ partitionId: partition, replicas, isr }) => ({
          partition,
          start: offsetOf(partition, 'low'),
          end: offsetOf(partition, 'high'),
          replicas: replicas.length,
          inSync: isr.length,
        }))
        .sort((a, b) => a.partition - b.partition)
      return { name, partitions }
    })
  }

  publish(topic: string, messages: readonly Message[]): Promise<void> {
    return this.#publisher.publish(topic, messages)
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const consumer = this.#consumer(options.group, options.gatherMs)
    const subscription = new KafkaSubscription(consumer, options, {
      heartbeatMs: this.#sessionTimeoutMs / 6,
      onClosed: () => this.#subscriptions.delete(subscription),
    })
    this.#subscriptions.add(subscription)
    try {
      await reaching(() => subscription.start())
    } catch (error) {
      await subscription.close().catch(() => undefined)
      throw error
    }
    return subscription
  }

  async lag(group: string, topics: readonly string[]): Promise<PartitionLag[]> {
    const admin = await this.#admin()
    const [saved, ...ends] = await reaching(() =>
      Promise.all([
        admin.fetchOffsets({ groupId: group, topics: [...topics] }),
        ...topics.map((topic) => this.#offsetsOf(admin, topic)),
      ]),
    )
    return topics.flatMap((topic, index) => {
      const positions = saved.find((entry) => entry.topic === topic)?.partitions ?? []
      return (ends[index] ?? [])
        .map(({ partition, low, high }): PartitionLag => {
          const offset = Number(positions.find((entry) => entry.partition === partition)?.offset ?? -1)
          const position = Math.max(offset, Number(low))
          const end = Number(high)
          return { topic, partition, position, end, lag: Math.max(0, end - position) }
        })
        .sort((a, b) => a.partition - b.partition)
    })
  }

  async groupLags(prefix: string, topics: readonly string[]): Promise<GroupLag[]> {
    const admin = await this.#admin()
    const { groups } = await reaching(() => admin.listGroups())
    const names = groups.map(({ groupId }) => groupId).filter((name) => name.startsWith(prefix))
    const lags = names.map(async (group) => {
      const saved = await reaching(() => admin.fetchOffsets({ groupId: group, topics: [...topics] }))
      const read = saved.filter(({ partitions }) => partitions.some(({ offset }) => Number(offset) >= 0))
      const partitions = await this.lag(
        group,
        read.map(({ topic }) => topic),
      )
      return read.map(({ topic }) => ({ group, topic, lag: sumOf(topic, partitions) }))
    })
    return (await Promise.all(lags)).flat()
  }

  /** One topic at a time: calls at the same time take each other's metadata away in kafkajs 2.2.4. */
  #offsetsOf(admin: Admin, topic: string): ReturnType<Admin['fetchTopicOffsets']> {
    const offsets = this.#lastOffsets.catch(() => undefined).then(() => admin.fetchTopicOffsets(topic))
    this.#lastOffsets = offsets
    return offsets
  }

  async seek(group: string, topic: string, to: SeekTarget): Promise<void> {
    const admin = await this.#admin()
    const places = await this.#places(admin, topic, to)
    const { groups } = await reaching(() => admin.describeGroups([group]))
    if (groups.some(({ state }) => state !== 'Empty' && state !== 'Dead'))
      throw new CodraftError('CODRAFT_GROUP_ACTIVE', group)
    // As a member of the group for a moment: the admin client of kafkajs does the same, but waits for a whole fetch.
    const consumer = this.#consumer(group)
    const { promise: joined, resolve } = Promise.withResolvers<void>()
    consumer.on(consumer.events.GROUP_JOIN, () => resolve())
    await reaching(async () => {
      try {
        await consumer.connect()
        await consumer.subscribe({ topic })
        await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} })
        await joined
        await consumer.commitOffsets(places.map((place) => ({ topic, ...place })))
      } finally {
        await consumer.disconnect()
      }
    })
  }

  async read(topic: string, limit = 10_000): Promise<StoredMessage[]> {
    const admin = await this.#admin()
    const ranges = (await reaching(() => this.#offsetsOf(admin, topic)))
      .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
      .filter(({ low, high }) => high > low)
    const open = new Map(ranges.map((range) => [range.partition, Math.min(range.high, range.low + limit)]))
    const messages: StoredMessage[] = []
    if (open.size === 0) return messages
    const group = `codraft-read-${randomUUID()}`
    const consumer = this.#consumer(group)
    const { promise: finished, resolve } = Promise.withResolvers<void>()
    try {
      await reaching(() => consumer.connect())
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachMessage: async ({ partition, message }) => {
          const end = open.get(partition)
          const stored = storedMessage(topic, partition, message)
          if (end === undefined) return
          if (stored.offset < end) messages.push(stored)
          if (stored.offset >= end - 1) open.delete(partition)
          if (open.size === 0) resolve()
        },
      })
      await finished
    } finally {
      await consumer.disconnect()
      await admin.deleteGroups([group]).catch(() => undefined)
    }
    return messages.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  }

  /** Brokers delete whole segments of a partition only, when they are older than the retention. */
  erase(): Promise<boolean> {
    return Promise.resolve(false)
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#subscriptions, (subscription) => subscription.close()))
    await this.#publisher.close()
    const admin = await this.#connectedAdmin?.catch(() => undefined)
    await admin?.disconnect()
  }

  #consumer(groupId: string, gatherMs = 0): Consumer {
    return this.#kafka.consumer({
      groupId,
      sessionTimeout: this.#sessionTimeoutMs,
      rebalanceTimeout: this.#sessionTimeoutMs * 2,
      heartbeatInterval: this.#sessionTimeoutMs / 6,
      maxWaitTimeInMs: Math.max(500, gatherMs),
      minBytes: gatherMs === 0 ? 1 : gatheredBytes,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, restartOnFailure: () => Promise.resolve(true) },
    })
  }

  async #admin(): Promise<Admin> {
    this.#connectedAdmin ??= (async () => {
      const admin = this.#kafka.admin()
      await admin.connect()
      return admin
    })()
    try {
      return await this.#connectedAdmin
    } catch (error) {
      this.#connectedAdmin = undefined
      throw unavailable(error)
    }
  }

  async #places(
    admin: Admin,
    topic: string,
    to: SeekTarget,
  ): Promise<{ partition: number; offset: string }[]> {
    if (typeof to === 'object' && 'partition' in to) return [{ ...to, offset: `${to.offset}` }]
    if (typeof to === 'object') return reaching(() => admin.fetchTopicOffsetsByTimestamp(topic, to.time))
    const offsets = await reaching(() => this.#offsetsOf(admin, topic))
    return offsets.map(({ partition, low, high }) => ({
      partition,
      offset: to === 'beginning' ? low : high,
    }))
  }
}

const sumOf = (topic: string, partitions: readonly PartitionLag[]): number =>
  partitions.reduce((sum, entry) => sum + (entry.topic === topic ? entry.lag : 0), 0)

const newTopicMs = 10_000
const newTopicPollMs = 100

/** A broker may not have heard yet of a topic that was made a moment ago. */
const metadataOf = async (
  admin: Admin,
  specs: readonly TopicSpec[],
): ReturnType<Admin['fetchTopicMetadata']> => {
  const deadline = performance.now() + newTopicMs
  for (;;) {
    try {
      return await admin.fetchTopicMetadata({ topics: specs.map(({ name }) => name) })
    } catch (error) {
      const isUnknown =
        error instanceof Error && 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION'
      if (!isUnknown || performance.now() > deadline) throw error
      await setTimeout(newTopicPollMs)
    }
  }
}

const unavailable = (cause: unknown): CodraftError =>
  new CodraftError('CODRAFT_EVENTS_UNAVAILABLE', cause instanceof Error ? cause.message : '', { cause })

const reaching = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw unavailable(error)
  }
}
