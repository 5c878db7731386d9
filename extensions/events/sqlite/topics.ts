import type { SqliteCalls } from './protocol.ts'
import { inTransaction, Refusal, sql } from './database.ts'

export interface Topic {
  readonly id: number
  readonly partitions: number
}

const known = new Map<string, Topic>()
export const topicNamed = (name: string): Topic => {
  let topic = known.get(name)
  if (!topic) {
    topic = sql('SELECT id, partitions FROM topics WHERE name = ?').get(name) as Topic | undefined
    if (!topic) throw new Refusal('CODRAFT_TOPIC_UNKNOWN', name)
    known.set(name, topic)
  }
  return topic
}

export const endOf = (topic: number, partition: number): number =>
  sql('SELECT next FROM ends WHERE topic = ? AND partition = ?').get(topic, partition)?.['next'] as number

export const firstOf = (topic: number, partition: number): number | undefined =>
  sql('SELECT offset FROM messages WHERE topic = ? AND partition = ? ORDER BY offset LIMIT 1').get(
    topic,
    partition,
  )?.['offset'] as number | undefined

export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

export const topicCalls: Pick<SqliteCalls, 'ensureTopics' | 'describe'> = {
  ensureTopics: (specs) =>
    inTransaction(() =>
      specs.map(({ name, partitions, retentionMs }) => {
        const found = sql('SELECT id, partitions FROM topics WHERE name = ?').get(name) as Topic | undefined
        if (found && found.partitions !== partitions) {
          throw new Refusal(
            'CODRAFT_TOPIC_MISMATCH',
            `${name} has ${found.partitions} partitions, the catalogue says ${partitions}`,
          )
        }
        sql(
          'INSERT INTO topics (name, partitions, retention_ms) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET retention_ms = ?3',
        ).run(name, partitions, retentionMs)
        const { id } = sql('SELECT id FROM topics WHERE name = ?').get(name) as unknown as Topic
        for (const partition of range(partitions)) {
          sql('INSERT INTO ends (topic, partition) VALUES (?, ?) ON CONFLICT DO NOTHING').run(id, partition)
        }
        return { name, partitions, replication: 1, created: !found }
      }),
    ),

  describe: (names) =>
    names.flatMap((name) => {
      const topic = sql('SELECT id FROM topics WHERE name = ?').get(name)
      if (!topic) return []
      const ends = sql('SELECT partition, next AS end FROM ends WHERE topic = ? ORDER BY partition').all(
        topic['id'] as number,
      ) as unknown as { partition: number; end: number }[]
      return [
        {
          name,
          partitions: ends.map(({ partition, end }) => {
            const start = firstOf(topic['id'] as number, partition) ?? end
            return { partition, start, end, replicas: 1, inSync: 1 }
          }),
        },
      ]
    }),
}
