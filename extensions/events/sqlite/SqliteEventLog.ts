import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
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
} from '../EventLog.ts'
import { RecentMessages } from './RecentMessages.ts'
import { SqliteSubscription } from './SqliteSubscription.ts'
import { SqliteThread } from './SqliteThread.ts'
import type { Assignment, FetchLimit, Published, ToPublish } from './protocol.ts'

export interface SqliteEventLogOptions {
  /** Database file, shared by all processes of the machine; its folder is made when missing. */
  readonly path: string
  /**
   * A member that has not been heard of for this long loses its partitions, ms.
   * @default 5_000
   */
  readonly leaseMs?: number
}

interface Waiting {
  readonly messages: readonly ToPublish[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Largest number of messages in one commit. */
const maxBatch = 2_000

/**
 * Event log in a SQLite file (WAL, synchronous=FULL: survives power loss), for one machine. A thread owns the file; what
 * is published while a commit is under way goes into the next one. Other processes may use the same file.
 */
export class SqliteEventLog implements EventLog {
  status: EventLogStatus = { healthy: true }
  readonly #thread: SqliteThread
  readonly #leaseMs: number
  readonly #subscriptions = new Set<SqliteSubscription>()
  readonly #recent = new RecentMessages()
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined

  private constructor({ path, leaseMs = 5_000 }: SqliteEventLogOptions) {
    this.#leaseMs = leaseMs
    this.#thread = new SqliteThread(path, () => {
      this.#recent.clear()
      this.#tell()
    })
  }

  /** Rejects when the file cannot be opened, with CODRAFT_SCHEMA_NEWER when a newer version has written it. */
  static async open(options: SqliteEventLogOptions): Promise<SqliteEventLog> {
    await mkdir(dirname(options.path), { recursive: true })
    const log = new SqliteEventLog(options)
    await log.#thread.start()
    return log
  }

  ensureTopics(specs: readonly TopicSpec[]): Promise<TopicReport[]> {
    return this.#thread.call('ensureTopics', specs)
  }

  describe(topics: readonly string[]): Promise<TopicState[]> {
    return this.#thread.call('describe', topics)
  }

  publish(topic: string, messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ messages: messages.map((message) => ({ topic, ...message })), resolve, reject })
    this.#writing ??= this.#write()
    return promise
  }

  async erase(topic: string, key: string): Promise<boolean> {
    await this.#thread.call('erase', topic, key)
    this.#recent.clear()
    return true
  }

  async subscribe(options: SubscribeOptions): Promise<Subscription> {
    const subscription = new SqliteSubscription(options, {
      leaseMs: this.#leaseMs,
      call: (name, ...args) => this.#thread.call(name, ...args),
      fetch: (assignments, limit) => this.#fetch(assignments, limit),
      onClosed: () => this.#subscriptions.delete(subscription),
    })
    this.#subscriptions.add(subscription)
    await subscription.start()
    return subscription
  }

  lag(group: string, topics: readonly string[]): Promise<PartitionLag[]> {
    return this.#thread.call('lag', group, topics)
  }

  groupLags(prefix: string, topics: readonly string[]): Promise<GroupLag[]> {
    return this.#thread.call('groupLags', prefix, topics)
  }

  async seek(group: string, topic: string, to: SeekTarget): Promise<void> {
    await this.#thread.call('seek', group, topic, to)
  }

  read(topic: string, limit = 10_000): Promise<StoredMessage[]> {
    return this.#thread.call('read', topic, limit)
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#subscriptions, (subscription) => subscription.close()))
    await this.#writing
    await this.#thread.close()
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#take()
      try {
        const messages = taken.flatMap(({ messages }) => messages)
        this.#remember(messages, await this.#thread.call('publish', messages))
        this.status = { healthy: true }
        for (const { resolve } of taken) resolve()
      } catch (error) {
        this.status = { healthy: false, error: error instanceof Error ? error.message : String(error) }
        for (const { reject } of taken) reject(error)
      }
      const topics = new Set(taken.flatMap(({ messages }) => messages.map(({ topic }) => topic)))
      this.#tell(topics)
    }
    // In the same turn as the look at the queue: what is published from now on starts anew.
    this.#writing = undefined
  }

  #remember(messages: readonly ToPublish[], { time, partitions, offsets }: Published): void {
    for (const [index, { headers = {}, ...message }] of messages.entries()) {
      const [partition, offset] = [partitions[index] as number, offsets[index] as number]
      this.#recent.add({ ...message, headers, partition, offset, time })
    }
  }

  /** What is not remembered comes first: whoever is behind is not to wait for the others. */
  async #fetch(assignments: readonly Assignment[], limit: FetchLimit): Promise<readonly StoredMessage[][]> {
    const remembered = (assignment: Assignment): StoredMessage[] | undefined =>
      this.#recent.from(assignment, limit.messages)
    const unknown = assignments.filter((assignment) => !remembered(assignment))
    const read = unknown.length > 0 ? await this.#thread.call('fetch', unknown, limit) : []
    const found = new Map(unknown.map((assignment, index) => [assignment, read[index] ?? []]))
    let places = limit.partitions
    for (const [assignment, messages] of found) {
      if (messages.length > 0) places -= 1
      else if (places > 0) this.#recent.reached(assignment)
    }
    return assignments.map((assignment) => {
      const messages = found.get(assignment)
      if (messages) return messages
      const recent = places > 0 ? (remembered(assignment) ?? []) : []
      if (recent.length > 0) places -= 1
      return recent
    })
  }

  #take(): Waiting[] {
    let count = 0
    let messages = 0
    for (const waiting of this.#waiting) {
      if (count > 0 && messages + waiting.messages.length > maxBatch) break
      messages += waiting.messages.length
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  /** @param topics with new messages. Default: any may have some */
  #tell(topics?: ReadonlySet<string>): void {
    for (const subscription of this.#subscriptions)
      if (!topics || subscription.reads(topics)) subscription.published()
  }
}
