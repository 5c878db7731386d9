import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SqliteEventLog } from '../../extensions/events/index.ts'
import { eventLogConformance } from './event-log.ts'

const script = fileURLToPath(new URL('./event-log-process.ts', import.meta.url))

eventLogConformance('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-events-'))
  const options = { path: join(folder, 'events.sqlite'), leaseMs: 1_000 }
  let log = await SqliteEventLog.open(options)
  return {
    log,
    async reopen() {
      await log.close()
      log = await SqliteEventLog.open(options)
      return log
    },
    async dispose() {
      await log.close()
      await rm(folder, { recursive: true })
    },
  }
})

describe('SQLite event log of several processes', () => {
  let folder: string
  let path: string
  let log: SqliteEventLog
  const children: ChildProcess[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'codraft-events-'))
    path = join(folder, 'events.sqlite')
    log = await SqliteEventLog.open({ path, leaseMs: 1_000 })
    await log.ensureTopics([
      { name: 'numbers', partitions: 2, replication: 1, retentionMs: 3_600_000, maxMessageBytes: 1_000_000 },
    ])
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await log.close()
    await rm(folder, { recursive: true })
  })

  const start = (role: 'publish' | 'consume') => {
    const child = spawn(process.execPath, [script, path, role], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    let output = ''
    child.stdout.on('data', (data: Buffer) => (output += data.toString()))
    return { child, lines: () => output.split('\n').slice(0, -1) }
  }

  it('has everything that a publisher had done when it was killed, in order', async () => {
    const publisher = start('publish')
    await expect.poll(() => publisher.lines().length).toBeGreaterThan(50)
    publisher.child.kill('SIGKILL')
    await once(publisher.child, 'exit')
    const values = (await log.read('numbers')).map(({ value }) => value)
    expect(values.slice(0, publisher.lines().length)).toEqual(publisher.lines())
    expect(values).toEqual(values.map((_, index) => `${index}`))
  })

  it('delivers what this process and others publish by turns, each message once, in order', async () => {
    const other = await SqliteEventLog.open({ path, leaseMs: 1_000 })
    const seen: string[] = []
    await log.subscribe({
      group: 'readers',
      topics: ['numbers'],
      handle: async ({ messages }) => void seen.push(...messages.map(({ value }) => value)),
    })
    const published = Array.from({ length: 200 }, (_, index) => `${index}`)
    // By one, by the other, by both at the same time.
    for (let index = 0; index < published.length; index += 4) {
      const [a, b, c, d] = published.slice(index, index + 4).map((value) => ({ key: 'key', value }))
      await log.publish('numbers', [a!])
      await other.publish('numbers', [b!])
      await Promise.all([log.publish('numbers', [c!]), other.publish('numbers', [d!])])
    }
    await expect.poll(() => seen.length).toBe(published.length)
    expect(seen).toEqual((await log.read('numbers')).map(({ value }) => value))
    expect(seen.toSorted()).toEqual(published.toSorted())
    await other.close()
  })

  it('gives the partitions of a killed consumer to the next, which misses nothing', async () => {
    const first = start('consume')
    const numbers = Array.from({ length: 100 }, (_, index) => `${index}`)
    await log.publish(
      'numbers',
      numbers.slice(0, 50).map((value) => ({ key: value, value })),
    )
    await expect.poll(() => first.lines().length).toBe(50)
    first.child.kill('SIGKILL')
    await log.publish(
      'numbers',
      numbers.slice(50).map((value) => ({ key: value, value })),
    )
    const second = start('consume')
    await expect.poll(() => new Set([...first.lines(), ...second.lines()]).size).toBe(100)
  })

  it('leaves a file of a newer version alone', async () => {
    const newer = join(folder, 'newer.sqlite')
    const database = new DatabaseSync(newer)
    database.exec('PRAGMA user_version = 99')
    database.close()
    await expect(SqliteEventLog.open({ path: newer })).rejects.toThrow(/CODRAFT_SCHEMA_NEWER.*version 99/)
  })
})
