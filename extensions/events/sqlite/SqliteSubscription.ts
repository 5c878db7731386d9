import { randomUUID } from 'node:crypto'
import type { Batch, StoredMessage, SubscribeOptions, Subscription } from '../EventLog.ts'
import type { Assignment, CallName, FetchLimit, SqliteCalls } from './protocol.ts'

export interface SqliteSubscriptionParts {
  readonly leaseMs: number
  readonly call: <N extends CallName>(
    name: N,
    ...args: Parameters<SqliteCalls[N]>
  ) => Promise<ReturnType<SqliteCalls[N]>>
  /** As the call of this name. */
  readonly fetch: (
    assignments: readonly Assignment[],
    limit: FetchLimit,
  ) => Promise<readonly (readonly StoredMessage[])[]>
  readonly onClosed: () => void
}

/** A partition that this member reads. */
class Reader {
  assignment: Assignment
  next: number
  handling: Promise<void> | undefined
  /** No messages before this, ms of `performance.now()`: the handler has failed, or they are gathered. */
  notBefore = 0
  failures = 0
  readonly controller = new AbortController()

  constructor(assignment: Assignment) {
    this.assignment = assignment
    this.next = assignment.next
  }
}

const batchMessages = 200
const beatsPerLease = 4
/** Pauses after a handler has failed, ms. */
const firstPauseMs = 100
const maxPauseMs = 10_000

/** One member of a consumer group: takes its share of the partitions by leases and reads them. */
export class SqliteSubscription implements Subscription {
  readonly #options: SubscribeOptions
  readonly #parts: SqliteSubscriptionParts
  readonly #member = randomUUID()
  readonly #readers = new Map<string, Reader>()
  #beating: NodeJS.Timeout | undefined
  #pausing: NodeJS.Timeout | undefined
  #gathering: NodeJS.Timeout | undefined
  #beat: Promise<void> | undefined
  #pumping = false
  #pumpAgain = false
  #closed = false

  constructor(options: SubscribeOptions, parts: SqliteSubscriptionParts) {
    this.#options = options
    this.#parts = parts
  }

  async start(): Promise<void> {
    await this.#renew()
    this.#beating = setInterval(() => {
      this.#beat ??= this.#renew()
        .catch((error: unknown) => this.#options.onError?.(error))
        .finally(() => {
          this.#beat = undefined
        })
    }, this.#parts.leaseMs / beatsPerLease)
    this.#wake()
  }

  reads(topics: ReadonlySet<string>): boolean {
    return this.#options.topics.some((topic) => topics.has(topic))
  }

  /** There are new messages. */
  published(): void {
    const { gatherMs = 0 } = this.#options
    if (gatherMs === 0) this.#wake()
    else
      this.#gathering ??= setTimeout(() => {
        this.#gathering = undefined
        this.#wake()
      }, gatherMs + 1)
  }

  #wake(): void {
    if (this.#closed) return
    if (this.#pumping) {
      this.#pumpAgain = true
      return
    }
    this.#pumping = true
    void this.#pump()
      .catch((error: unknown) => this.#options.onError?.(error))
      .finally(() => {
        this.#pumping = false
        if (!this.#pumpAgain) return
        this.#pumpAgain = false
        this.#wake()
      })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#beating)
    clearTimeout(this.#pausing)
    clearTimeout(this.#gathering)
    await this.#beat
    for (const { controller } of this.#readers.values()) controller.abort()
    for (const { handling } of this.#readers.values()) await handling
    await this.#parts.call('leave', this.#options.group, this.#member)
    this.#parts.onClosed()
  }

  async #renew(): Promise<void> {
    const { group, topics, from = 'beginning' } = this.#options
    const busy = Array.from(this.#readers).flatMap(([place, { handling }]) => (handling ? [place] : []))
    const { leaseMs } = this.#parts
    const assigned = await this.#parts.call('beat', {
      group,
      member: this.#member,
      topics,
      from,
      leaseMs,
      busy,
    })
    const places = new Set<string>()
    for (const assignment of assigned) {
      const place = `${assignment.topic}/${assignment.partition}`
      places.add(place)
      const reader = this.#readers.get(place)
      if (reader?.assignment.epoch === assignment.epoch) continue
      reader?.controller.abort()
      // The old reader may still be handling: the next beat starts the new one.
      if (reader?.handling) continue
      this.#readers.set(place, new Reader(assignment))
    }
    for (const [place, reader] of this.#readers) {
      if (places.has(place)) continue
      reader.controller.abort()
      if (!reader.handling) this.#readers.delete(place)
    }
    this.#wake()
  }

  async #pump(): Promise<void> {
    const { concurrency = 4 } = this.#options
    const now = performance.now()
    const all = [...this.#readers]
    const places = concurrency - all.filter(([, { handling }]) => handling !== undefined).length
    if (places <= 0) return
    const idle = all.filter(
      ([, { handling, controller, notBefore }]) =>
        !handling && !controller.signal.aborted && notBefore <= now,
    )
    if (idle.length === 0) return
    const fetched = await this.#parts.fetch(
      idle.map(([, { assignment, next }]) => ({ ...assignment, next })),
      { messages: batchMessages, partitions: places },
    )
    if (this.#closed) return
    for (const [index, [place, reader]] of idle.entries()) {
      const messages = fetched[index] ?? []
      if (messages.length === 0) continue
      // To the end of the line: the others come first the next time.
      if (this.#readers.get(place) === reader) {
        this.#readers.delete(place)
        this.#readers.set(place, reader)
      }
      reader.handling = this.#handle(reader, messages).finally(() => {
        reader.handling = undefined
        this.#wake()
      })
    }
  }

  async #handle(reader: Reader, messages: readonly StoredMessage[]): Promise<void> {
    const { gatherMs = 0 } = this.#options
    const { assignment, controller } = reader
    const batch: Batch = {
      topic: assignment.topic,
      partition: assignment.partition,
      messages,
      signal: controller.signal,
      done(message) {
        reader.next = Math.max(reader.next, message.offset + 1)
      },
    }
    const before = reader.next
    const start = performance.now()
    try {
      await this.#options.handle(batch)
      const last = messages.at(-1)
      if (last) batch.done(last)
      reader.failures = 0
      if (gatherMs > 0 && messages.length < batchMessages) {
        reader.notBefore = start + gatherMs
        this.published()
      }
    } catch (error) {
      if (!controller.signal.aborted) {
        this.#pause(reader)
        this.#options.onError?.(error)
      }
    }
    if (reader.next > before) await this.#commit(reader)
  }

  async #commit(reader: Reader): Promise<void> {
    const { group } = this.#options
    const { assignment, next } = reader
    try {
      const isMine = await this.#parts.call('commit', { group, member: this.#member, assignment, next })
      if (!isMine) reader.controller.abort()
    } catch (error) {
      // The position is saved with the next batch; until then a crash delivers this one again.
      this.#options.onError?.(error)
    }
  }

  #pause(reader: Reader): void {
    const pauseMs = Math.min(maxPauseMs, firstPauseMs * 2 ** reader.failures)
    reader.failures += 1
    reader.notBefore = performance.now() + pauseMs
    if (!this.#closed) this.#pausing = setTimeout(() => this.#wake(), pauseMs + 1).unref()
  }
}
