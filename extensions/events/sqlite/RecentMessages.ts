import type { StoredMessage } from '../EventLog.ts'

/** Readers gather messages for less than this, ms. */
const keptMs = 10_000
/** Of one partition. */
const maxMessages = 1_000
const maxCharacters = 1_000_000

interface Place {
  readonly topic: string
  readonly partition: number
  readonly next: number
}

interface Partition {
  /** Offset of the first of `messages`, which follow each other without a gap. */
  first: number
  messages: StoredMessage[]
  characters: number
}

/**
 * The newest messages of a process's own: its readers, of which there are several, need not ask the file for them. A
 * message of another process makes a gap, and what is before a gap is forgotten.
 */
export class RecentMessages {
  readonly #partitions = new Map<string, Partition>()

  add(message: StoredMessage): void {
    const place = placeOf(message.topic, message.partition)
    let partition = this.#partitions.get(place)
    if (!partition || partition.first + partition.messages.length !== message.offset) {
      partition = { first: message.offset, messages: [], characters: 0 }
      this.#partitions.set(place, partition)
    }
    partition.messages.push(message)
    partition.characters += message.value.length
    const [oldest] = partition.messages
    const isFull = partition.messages.length > maxMessages || partition.characters > maxCharacters
    if (isFull || (oldest && oldest.time < message.time - keptMs)) shorten(partition, message.time - keptMs)
  }

  /** The file has nothing at `next`: what comes there will be remembered from the first on. */
  reached({ topic, partition, next }: Place): void {
    const place = placeOf(topic, partition)
    if (!this.#partitions.has(place))
      this.#partitions.set(place, { first: next, messages: [], characters: 0 })
  }

  /** The messages from `next` on, at most `limit`; undefined when only the file can tell. */
  from({ topic, partition, next }: Place, limit: number): StoredMessage[] | undefined {
    const recent = this.#partitions.get(placeOf(topic, partition))
    if (!recent || next < recent.first || next > recent.first + recent.messages.length) return undefined
    const start = next - recent.first
    return recent.messages.slice(start, start + limit)
  }

  clear(): void {
    this.#partitions.clear()
  }
}

const placeOf = (topic: string, partition: number): string => `${topic}/${partition}`

/** Drops what is older than `since`, and more when that leaves much: by half, so that it costs little for each message. */
const shorten = (partition: Partition, since: number): void => {
  const { messages } = partition
  let dropped = 0
  for (const { time, value } of messages) {
    const isLong = messages.length - dropped > maxMessages / 2 || partition.characters > maxCharacters / 2
    if (time >= since && !isLong) break
    partition.characters -= value.length
    dropped += 1
  }
  messages.splice(0, dropped)
  partition.first += dropped
}
