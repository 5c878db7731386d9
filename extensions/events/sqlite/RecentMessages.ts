import type { StoredMessage } from '../EventLog.ts'

/** Of one partition. */
const maxMessages = 2_000
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
    if (partition.messages.length > maxMessages || partition.characters > maxCharacters) halve(partition)
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

/** By half, so that it costs little for each message. */
const halve = (partition: Partition): void => {
  const { messages } = partition
  let dropped = 0
  while (messages.length - dropped > maxMessages / 2 || partition.characters > maxCharacters / 2) {
    partition.characters -= messages[dropped]?.value.length ?? 0
    dropped += 1
  }
  messages.splice(0, dropped)
  partition.first += dropped
}
