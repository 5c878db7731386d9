import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import type { ErrorCode } from '../errors.ts'
import type { StoredMessage } from './EventLog.ts'
import type { Assignment, Call, FromWorker, SqliteCalls } from './sqlite-protocol.ts'

/** How long SQLite itself waits for a lock that another process holds, ms. */
const busyTimeoutMs = 2_000
/** How often the file is looked at for messages of other processes, ms. */
const pollMs = 100
const retentionSweepMs = 3_600_000
const schemaVersion = 1

const port = parentPort
if (!port) throw new Error('sqlite-worker.ts runs in a worker thread')
const post = (message: FromWorker): void => port.postMessage(message)

const { path } = workerData as { path: string }
const database = new DatabaseSync(path)
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA busy_timeout = ${busyTimeoutMs};
`)
const foundVersion = database.prepare('PRAGMA user_version').get()?.['user_version'] as number
if (foundVersion > schemaVersion) {
  const error = `${path} has schema version ${foundVersion}, this version of codraft knows ${schemaVersion}`
  post({ kind: 'unopened', errorCode: 'CODRAFT_SCHEMA_NEWER', error })
  process.exit()
}
database.exec(`
  BEGIN IMMEDIATE;
  CREATE TABLE IF NOT EXISTS topics (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL, retention_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS ends (
    topic INTEGER NOT NULL REFERENCES topics (id), partition INTEGER NOT NULL, next INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS messages (
    topic INTEGER NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, time INTEGER NOT NULL,
    key TEXT NOT NULL, value TEXT NOT NULL, headers TEXT,
    PRIMARY KEY (topic, partition, offset)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS members (
    name TEXT NOT NULL, member TEXT NOT NULL, topics TEXT NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (name, member)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS positions (
    name TEXT NOT NULL, topic INTEGER NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0, member TEXT, expires INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (name, topic, partition)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};
  COMMIT;
`)

const cache = new Map<string, StatementSync>()
const sql = (text: string): StatementSync => {
  let statement = cache.get(text)
  if (!statement) cache.set(text, (statement = database.prepare(text)))
  return statement
}

/** A refusal that keeps its code on the way to the main thread. */
class Refusal extends Error {
  readonly errorCode: ErrorCode
  constructor(errorCode: ErrorCode, detail: string) {
    super(detail)
    this.errorCode = errorCode
  }
}

/**
 * @param synchronous NORMAL survives a kill -9 of any process; FULL a power loss, too. Where members are is worth no
 *   sync of the disk: they take their partitions anew, and get messages again that they had handled
 */
const inTransaction = <T>(work: () => T, synchronous: 'FULL' | 'NORMAL' = 'FULL'): T => {
  sql(`PRAGMA synchronous = ${synchronous}`).run()
  sql('BEGIN IMMEDIATE').run()
  try {
    const result = work()
    sql('COMMIT').run()
    return result
  } catch (error) {
    known.clear()
    if (database.isTransaction) sql('ROLLBACK').run()
    throw error
  }
}

interface Topic {
  readonly id: number
  readonly partitions: number
}

const known = new Map<string, Topic>()
const topicNamed = (name: string): Topic => {
  let topic = known.get(name)
  if (!topic) {
    topic = sql('SELECT id, partitions FROM topics WHERE name = ?').get(name) as Topic | undefined
    if (!topic) throw new Refusal('CODRAFT_TOPIC_UNKNOWN', name)
    known.set(name, topic)
  }
  return topic
}

const endOf = (topic: number, partition: number): number =>
  sql('SELECT next FROM ends WHERE topic = ? AND partition = ?').get(topic, partition)?.['next'] as number

const firstOf = (topic: number, partition: number): number | undefined =>
  sql('SELECT offset FROM messages WHERE topic = ? AND partition = ? ORDER BY offset LIMIT 1').get(
    topic,
    partition,
  )?.['offset'] as number | undefined

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

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

const calls: SqliteCalls = {
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

  fetch: (assignments, limit) => {
    let places = limit.partitions
    return assignments.map(({ topic, partition, next }) => {
      if (places === 0) return []
      const messages = messagesFrom(topic, partition, next, limit.messages)
      if (messages.length > 0) places -= 1
      return messages
    })
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
        const partitions = calls.lag(group as string, [topic])
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

  close() {
    clearInterval(polling)
    clearInterval(sweeping)
    database.close()
    return null
  },
}

const placeOf = (topic: number, partition: number, to: Parameters<SqliteCalls['seek']>[2]): number => {
  if (to === 'beginning') return 0
  if (to === 'end') return endOf(topic, partition)
  if ('offset' in to) return to.offset
  const first = sql(
    'SELECT offset FROM messages WHERE topic = ? AND partition = ? AND time >= ? ORDER BY offset LIMIT 1',
  ).get(topic, partition, to.time)?.['offset'] as number | undefined
  return first ?? endOf(topic, partition)
}

const answer = ({ id, name, args }: Call): void => {
  try {
    const run = calls[name] as (...args: readonly unknown[]) => unknown
    post({ kind: 'answer', id, result: run(...args) })
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const errorCode = error instanceof Refusal ? error.errorCode : 'CODRAFT_EVENTS_UNAVAILABLE'
    post({ kind: 'refusal', id, error: text, errorCode })
  }
}

/** Changes when another connection has written; writes of this one leave it as it is. */
const dataVersion = (): unknown => sql('PRAGMA data_version').get()?.['data_version']

let seenVersion = dataVersion()
const polling = setInterval(() => {
  const version = dataVersion()
  if (version === seenVersion) return
  seenVersion = version
  post({ kind: 'changed' })
}, pollMs)

const sweeping = setInterval(() => {
  try {
    for (const { id, retention_ms: retentionMs } of sql('SELECT id, retention_ms FROM topics').all())
      sql('DELETE FROM messages WHERE topic = ? AND time < ?').run(
        id as number,
        Date.now() - (retentionMs as number),
      )
  } catch {
    // Another process holds the file: the next sweep deletes them.
  }
}, retentionSweepMs)

port.on('message', answer)
post({ kind: 'ready' })
