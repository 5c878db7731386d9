/** What is published. Messages of one key stay in order. */
export interface Message {
  readonly key: string
  readonly value: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface StoredMessage extends Message {
  readonly topic: string
  readonly partition: number
  /** Place in its partition; grows by one with each message, and is never used again. */
  readonly offset: number
  /** When it was published, ms since the epoch. */
  readonly time: number
  readonly headers: Readonly<Record<string, string>>
}

export interface TopicSpec {
  readonly name: string
  readonly partitions: number
  /** Copies on different brokers; fewer where there are fewer brokers. */
  readonly replication: number
  /** Messages are kept at least this long. */
  readonly retentionMs: number
  readonly maxMessageBytes: number
}

export interface TopicReport {
  readonly name: string
  readonly partitions: number
  readonly replication: number
  /** True when it did not exist before. */
  readonly created: boolean
}

/** A topic as it is. */
export interface TopicState {
  readonly name: string
  readonly partitions: readonly PartitionState[]
}

export interface PartitionState {
  readonly partition: number
  /** Offset of the first message that is still there. */
  readonly start: number
  /** Offset that the next published message will have. */
  readonly end: number
  /** Copies that there should be. */
  readonly replicas: number
  /** Copies that have everything; fewer than `replicas` while a broker is away or behind. */
  readonly inSync: number
}

/** Messages of one partition, in their order. */
export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly StoredMessage[]
  /** Aborted when the partition goes to another member or the subscription closes: stop, and let go of the rest. */
  readonly signal: AbortSignal
  /** `message` and all before it are handled: they are not delivered again, even if the batch fails later. */
  done(message: StoredMessage): void
}

export interface SubscribeOptions {
  /** Members of one group share the partitions; each group gets every message. */
  readonly group: string
  readonly topics: readonly string[]
  /**
   * Where a group begins that is new.
   * @default 'beginning'
   */
  readonly from?: 'beginning' | 'end'
  /**
   * Partitions handled at the same time.
   * @default 4
   */
  readonly concurrency?: number
  /**
   * New messages may wait this long for others to be handled with, ms: fewer and larger batches.
   * @default 0
   */
  readonly gatherMs?: number
  /** Handles a batch; when it rejects, what is not `done` is delivered again after a pause. */
  readonly handle: (batch: Batch) => Promise<void>
  /** What `handle` rejected with, and what the connection to the log suffers. */
  readonly onError?: (error: unknown) => void
}

export interface Subscription {
  /** Takes nothing more, aborts the handlers, waits for them, and gives the partitions to the other members. */
  close(): Promise<void>
}

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** Offset of the next message that the group will get. */
  readonly position: number
  /** Offset that the next published message will have. */
  readonly end: number
  /** Messages that the group has not handled. */
  readonly lag: number
}

/** What a group has not handled of one topic. */
export interface GroupLag {
  readonly group: string
  readonly topic: string
  readonly lag: number
}

/** Where a group goes on: an offset in one partition, or in all partitions the first message of a time (ms) or later. */
export type SeekTarget =
  | 'beginning'
  | 'end'
  | { readonly time: number }
  | { readonly partition: number; readonly offset: number }

export interface EventLogStatus {
  /** False from a failed attempt to reach the log until the next one that succeeds. */
  readonly healthy: boolean
  readonly error?: string
}

/**
 * An append-only log of messages: topics with partitions, read by consumer groups.
 *
 * Contract, checked by `test/conformance/event-log.ts` on every driver:
 * - `publish` MUST keep the order of messages of one key, also between calls, and MUST resolve only when all of them
 *   survive a kill -9 of any process. It rejects with CODRAFT_EVENTS_UNAVAILABLE when that is not certain; published
 *   again they may then be there twice.
 * - A partition MUST have at most one handler at a time in a group, and MUST be delivered in order, at least once:
 *   the position of a group moves only over messages that are done.
 * - `seek` MUST reject with CODRAFT_GROUP_ACTIVE while the group has members.
 */
export interface EventLog {
  readonly status: EventLogStatus
  /**
   * Makes the topics that are missing.
   *
   * @throws {CodraftError} CODRAFT_TOPIC_MISMATCH when one exists with another number of partitions: keys would
   *   move between partitions, and their order would be lost
   */
  ensureTopics(specs: readonly TopicSpec[]): Promise<TopicReport[]>
  /** The state of those topics that exist; changes nothing. */
  describe(topics: readonly string[]): Promise<TopicState[]>
  publish(topic: string, messages: readonly Message[]): Promise<void>
  subscribe(options: SubscribeOptions): Promise<Subscription>
  /** How far a group is behind in each partition; a group that is unknown has everything before it. */
  lag(group: string, topics: readonly string[]): Promise<PartitionLag[]>
  /** The lag of all groups whose names begin with `prefix`, in those of the topics that they have read. */
  groupLags(prefix: string, topics: readonly string[]): Promise<GroupLag[]>
  /**
   * Lets a group go on from another place in `topic`.
   *
   * @throws {CodraftError} CODRAFT_GROUP_ACTIVE
   */
  seek(group: string, topic: string, to: SeekTarget): Promise<void>
  /** The messages of a topic that are there now, by partition and offset, without a group; the first `limit` of each. */
  read(topic: string, limit?: number): Promise<StoredMessage[]>
  /**
   * Removes the messages of a key, and leaves no byte of them. Resolves to false where the log cannot do that: they go
   * when the retention of the topic has passed.
   */
  erase(topic: string, key: string): Promise<boolean>
  /** Ends all subscriptions, publishes what is queued, and releases all resources. */
  close(): Promise<void>
}
