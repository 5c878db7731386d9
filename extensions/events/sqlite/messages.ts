import { crc32 } from 'node:zlib'
import type { StoredMessage } from '../EventLog.ts'
import type { SqliteCalls } from './protocol.ts'
import { database, inTransaction, sql } from './database.ts'
import { endOf, range, topicNamed } from './topics.ts'

interface Row {
  readonly offset: number
  readonly time: number
  readonly key: string
  readonly value: string
  readonly headers: string | null
}

const messagesFrom = (name: string, partition: number, next: number, limit: number): StoredMessage[] => {
  const rows = sql(
    'SELECT offset, time, key, value, headers FROM messages WHERE topic = ? AND partition = ? AND offset >= ? ORDER BY offset LIMIT ?',
  ).all(topicNamed(name).id, partition, next, limit) as unknown as Row[]
  return rows.map(({ headers, ...row }) => ({
    topic: name,
    partition,
    ...row,
    headers: headers === null ? {} : (JSON.parse(headers) as Record<string, string>),
  }))
}

export const messageCalls: Pick<SqliteCalls, 'publish' | 'fetch' | 'read' | 'erase'> = {
  publish(messages) {
    const time = Date.now()
    const partitions: number[] = []
    const offsets: number[] = []
    inTransaction(() => {
      const ends = new Map<string, { topic: number; partition: number; next: number }>()
      for (const { topic: name, key, value, headers } of messages) {
        const topic = topicNamed(name)
        const partition = crc32(key) % topic.partitions
        const place = `${topic.id}/${partition}`
        const end = ends.get(place) ?? { topic: topic.id, partition, next: endOf(topic.id, partition) }
        ends.set(place, end)
        sql('INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)').run(
          topic.id,
          partition,
          end.next,
          time,
          key,
          value,
          headers === undefined ? null : JSON.stringify(headers),
        )
        partitions.push(partition)
        offsets.push(end.next)
        end.next += 1
      }
      for (const { topic, partition, next } of ends.values())
        sql('UPDATE ends SET next = ?3 WHERE topic = ?1 AND partition = ?2').run(topic, partition, next)
    })
    return { time, partitions, offsets }
  },

  fetch: (assignments, limit) => {
    let places = limit.partitions
    return assignments.map(({ topic, partition, next }) => {
      if (places === 0) return []
      const messages = messagesFrom(topic, partition, next, limit.messages)
      if (messages.length > 0) places -= 1
      return messages
    })
  },

  read: (topic, limit) =>
    range(topicNamed(topic).partitions).flatMap((partition) => messagesFrom(topic, partition, 0, limit)),

  erase(name, key) {
    const topic = topicNamed(name)
    sql('DELETE FROM messages WHERE topic = ? AND partition = ? AND key = ?').run(
      topic.id,
      crc32(key) % topic.partitions,
      key,
    )
    // The write-ahead log of SQLite still has the pages as they were.
    const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number }
    if (busy) throw new Error('another process reads the events, so that their log cannot be emptied yet')
    return null
  },
}
