import type { Assignment, SqliteCalls } from './protocol.ts'
import { inTransaction, Refusal, sql } from './database.ts'
import { endOf, firstOf, range, topicNamed } from './topics.ts'

interface Held {
  readonly partition: number
  readonly next: number
  readonly epoch: number
  readonly member: string | null
  readonly expires: number
}

const positionsOf = (group: string, topic: number): Held[] =>
  sql(
    'SELECT partition, next, epoch, member, expires FROM positions WHERE name = ? AND topic = ? ORDER BY partition',
  ).all(group, topic) as unknown as Held[]

const placeOf = (topic: number, partition: number, to: Parameters<SqliteCalls['seek']>[2]): number => {
  if (to === 'beginning') return 0
  if (to === 'end') return endOf(topic, partition)
  if ('offset' in to) return to.offset
  const first = sql(
    'SELECT offset FROM messages WHERE topic = ? AND partition = ? AND time >= ? ORDER BY offset LIMIT 1',
  ).get(topic, partition, to.time)?.['offset'] as number | undefined
  return first ?? endOf(topic, partition)
}

export const memberCalls: Pick<SqliteCalls, 'beat' | 'leave' | 'commit' | 'lag' | 'groupLags' | 'seek'> = {
  beat: ({ group, member, topics, from, leaseMs, busy }) =>
    inTransaction(() => {
      const now = Date.now()
      const expires = now + leaseMs
      sql('DELETE FROM members WHERE name = ? AND expires < ?').run(group, now)
      sql(
        'INSERT INTO members VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name, member) DO UPDATE SET topics = ?3, expires = ?4',
      ).run(group, member, JSON.stringify(topics), expires)
      const members = sql('SELECT member, topics FROM members WHERE name = ? ORDER BY member').all(group)
      return topics.flatMap((name) => {
        const topic = topicNamed(name)
        const readers = members
          .filter((row) => (JSON.parse(row['topics'] as string) as string[]).includes(name))
          .map((row) => row['member'] as string)
        let all = positionsOf(group, topic.id)
        if (all.length < topic.partitions) {
          for (const partition of range(topic.partitions)) {
            const next = from === 'end' ? endOf(topic.id, partition) : 0
            sql(
              'INSERT INTO positions (name, topic, partition, next) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
            ).run(group, topic.id, partition, next)
          }
          all = positionsOf(group, topic.id)
        }
        sql('UPDATE positions SET expires = ? WHERE name = ? AND topic = ? AND member = ?').run(
          expires,
          group,
          topic.id,
          member,
        )
        return all.flatMap((held): Assignment[] => {
          const { partition, next } = held
          const isMine = held.member === member
          const fallsToMe = readers[partition % readers.length] === member
          const isFree = held.member === null || held.expires < now
          const keep = isMine && (fallsToMe || busy.includes(`${name}/${partition}`))
          if (!keep && !(fallsToMe && isFree)) {
            if (isMine)
              sql('UPDATE positions SET member = NULL WHERE name = ? AND topic = ? AND partition = ?').run(
                group,
                topic.id,
                partition,
              )
            return []
          }
          const epoch = isMine ? held.epoch : held.epoch + 1
          if (!isMine) {
            sql(
              'UPDATE positions SET member = ?4, expires = ?5, epoch = ?6 WHERE name = ?1 AND topic = ?2 AND partition = ?3',
            ).run(group, topic.id, partition, member, expires, epoch)
          }
          return fallsToMe ? [{ topic: name, partition, next, epoch }] : []
        })
      })
    }, 'NORMAL'),

  leave(group, member) {
    inTransaction(() => {
      sql('DELETE FROM members WHERE name = ? AND member = ?').run(group, member)
      sql('UPDATE positions SET member = NULL WHERE name = ? AND member = ?').run(group, member)
    }, 'NORMAL')
    return null
  },

  commit: ({ group, member, assignment: { topic, partition, epoch }, next }) =>
    inTransaction(
      () =>
        sql(
          'UPDATE positions SET next = ? WHERE name = ? AND topic = ? AND partition = ? AND member = ? AND epoch = ?',
        ).run(next, group, topicNamed(topic).id, partition, member, epoch).changes === 1,
      'NORMAL',
    ),

  lag: (group, topics) =>
    topics.flatMap((name) => {
      const topic = topicNamed(name)
      return range(topic.partitions).map((partition) => {
        const end = endOf(topic.id, partition)
        const saved = sql('SELECT next FROM positions WHERE name = ? AND topic = ? AND partition = ?').get(
          group,
          topic.id,
          partition,
        )?.['next'] as number | undefined
        const first = firstOf(topic.id, partition) ?? end
        const position = Math.max(saved ?? 0, first)
        return { topic: name, partition, position, end, lag: Math.max(0, end - position) }
      })
    }),

  groupLags: (prefix, topics) =>
    sql('SELECT DISTINCT name, topic FROM positions')
      .all()
      .flatMap(({ name: group, topic: id }) => {
        const topic = topics.find((name) => topicNamed(name).id === id)
        if (topic === undefined || !(group as string).startsWith(prefix)) return []
        const partitions = memberCalls.lag(group as string, [topic])
        return [{ group: group as string, topic, lag: partitions.reduce((sum, { lag }) => sum + lag, 0) }]
      }),

  seek(group, name, to) {
    inTransaction(() => {
      const topic = topicNamed(name)
      if (sql('SELECT 1 FROM members WHERE name = ? AND expires >= ? LIMIT 1').get(group, Date.now()))
        throw new Refusal('CODRAFT_GROUP_ACTIVE', group)
      for (const partition of range(topic.partitions)) {
        if (typeof to === 'object' && 'partition' in to && to.partition !== partition) continue
        sql(
          'INSERT INTO positions (name, topic, partition, next) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET next = ?4, epoch = epoch + 1',
        ).run(group, topic.id, partition, placeOf(topic.id, partition, to))
      }
    })
    return null
  },
}
