import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Batch, EventLog, StoredMessage, TopicSpec } from '../../extensions/events/index.ts'

export interface EventLogUnderTest {
  readonly log: EventLog
  /** Closes it and opens the same log anew. */
  reopen(): Promise<EventLog>
  dispose(): Promise<void>
}

const specOf = (name: string, partitions = 3): TopicSpec => ({
  name,
  partitions,
  replication: 3,
  retentionMs: 3_600_000,
  maxMessageBytes: 4 * 1024 * 1024,
})

/** The suite that every driver of EventLog passes. */
export const eventLogConformance = (driver: string, open: () => Promise<EventLogUnderTest>): void => {
  describe(`${driver}: the event log contract`, () => {
    let subject: EventLogUnderTest
    let log: EventLog
    let topic: string
    let group: string
    beforeEach(async () => {
      subject = await open()
      log = subject.log
      topic = `topic-${randomUUID()}`
      group = `group-${randomUUID()}`
      await log.ensureTopics([specOf(topic)])
    })
    afterEach(() => subject.dispose())

    /** A subscription that remembers what it gets. */
    const collect = async (options: { group?: string; from?: 'beginning' | 'end' } = {}) => {
      const messages: StoredMessage[] = []
      const subscription = await log.subscribe({
        group,
        topics: [topic],
        ...options,
        handle: async (batch) => void messages.push(...batch.messages),
      })
      return { messages, subscription, values: () => messages.map(({ value }) => value) }
    }

    const publish = (values: readonly string[], key = 'key') =>
      log.publish(
        topic,
        values.map((value) => ({ key, value })),
      )

    const lagOf = async (name = group): Promise<number> =>
      (await log.lag(name, [topic])).reduce((sum, { lag }) => sum + lag, 0)

    it('forgets a key, or says that it cannot; everybody else goes on', async () => {
      await publish(['a1', 'a2'], 'erased')
      await publish(['b1', 'b2'], 'kept')
      const isForgotten = await log.erase(topic, 'erased')
      await publish(['b3'], 'kept')
      const left = (await log.read(topic)).filter(({ key }) => key === 'erased')
      expect(left).toHaveLength(isForgotten ? 0 : 2)
      const { values } = await collect()
      await expect.poll(() => values().filter((value) => value.startsWith('b'))).toEqual(['b1', 'b2', 'b3'])
      await expect.poll(() => lagOf()).toBe(0)
    })

    it('delivers every message, in order for each key, whatever the calls it was published with', async () => {
      const keys = ['a', 'b', 'ü/"ñ', 'd', 'e']
      const published = Array.from({ length: 500 }, (_, i) => {
        const key = keys[i % keys.length]!
        return log.publish(topic, [{ key, value: `${key} ${i}` }])
      })
      await Promise.all(published)
      const { messages } = await collect()
      await expect.poll(() => messages.length).toBe(500)
      for (const key of keys) {
        const numbers = messages
          .filter((message) => message.key === key)
          .map(({ value }) => Number(value.split(' ').at(-1)))
        expect(numbers).toHaveLength(100)
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
        expect(
          new Set(messages.filter((message) => message.key === key).map(({ partition }) => partition)).size,
        ).toBe(1)
      }
      await expect.poll(() => lagOf()).toBe(0)
    })

    it('hands messages over together that may wait for each other', async () => {
      const batches: number[] = []
      await log.subscribe({
        group,
        topics: [topic],
        gatherMs: 2_000,
        handle: async ({ messages }) => void batches.push(messages.length),
      })
      for (let i = 0; i < 20; i++) await publish([`message ${i}`])
      await expect.poll(() => batches.reduce((sum, length) => sum + length, 0)).toBe(20)
      // A driver may take what there is at the beginning, and what comes at the edge of the time.
      expect(batches.length).toBeLessThanOrEqual(3)
    })

    it('keeps text, headers, key and time as they are', async () => {
      const before = Date.now()
      const value = `"quotes" \u0000 ünï ${'x'.repeat(2_000_000)}`
      await log.publish(topic, [{ key: '', value, headers: { cause: 'sömething: "bad"', attempts: '3' } }])
      const [message] = await log.read(topic)
      expect(message).toMatchObject({ key: '', value, headers: { cause: 'sömething: "bad"', attempts: '3' } })
      expect(message!.time).toBeGreaterThanOrEqual(before - 1_000)
      expect(message!.time).toBeLessThanOrEqual(Date.now() + 1_000)
    })

    it('gives every group everything, and each member of a group its share', async () => {
      const one = await collect()
      const two = await collect()
      const other = await collect({ group: `group-${randomUUID()}` })
      // Until the group has settled, a partition may change hands with messages that are handled already.
      await expect
        .poll(async () => {
          for (let i = 0; i < 12; i++) await publish(['probe'], `probe ${i}`)
          return one.messages.length > 0 && two.messages.length > 0
        })
        .toBe(true)
      await expect.poll(() => lagOf()).toBe(0)
      const seen = one.messages.length + two.messages.length
      for (let i = 0; i < 60; i++) await publish([`message ${i}`], `key ${i}`)
      await expect.poll(() => one.messages.length + two.messages.length).toBe(seen + 60)
      const all = [...one.values(), ...two.values()].filter((value) => value.startsWith('message'))
      expect(new Set(all).size).toBe(60)
      await expect
        .poll(() => new Set(other.values().filter((value) => value.startsWith('message'))).size)
        .toBe(60)
    })

    it('delivers again what was not handled, in order, and goes on', async () => {
      await publish(['a', 'b', 'c', 'd'])
      const handled: string[] = []
      const errors: unknown[] = []
      let attempts = 0
      await log.subscribe({
        group,
        topics: [topic],
        handle: async ({ messages, done }: Batch) => {
          for (const message of messages) {
            if (message.value === 'c' && attempts++ < 2) throw new Error('not now')
            handled.push(message.value)
            done(message)
          }
        },
        onError: (error) => errors.push(error),
      })
      await expect.poll(() => handled).toEqual(['a', 'b', 'c', 'd'])
      expect(errors.map((error) => (error as Error).message)).toEqual(['not now', 'not now'])
      await expect.poll(() => lagOf()).toBe(0)
    })

    it('goes on after a restart where it was, with what was not handled', async () => {
      await publish(['a', 'b', 'c'])
      const handled: string[] = []
      await log.subscribe({
        group,
        topics: [topic],
        handle: async ({ messages, done }) => {
          for (const message of messages) {
            if (message.value === 'c') throw new Error('never')
            handled.push(message.value)
            done(message)
          }
        },
      })
      await expect.poll(() => handled).toEqual(['a', 'b'])
      await expect.poll(() => lagOf()).toBe(1)
      log = await subject.reopen()
      const { values } = await collect()
      await expect.poll(values).toEqual(['c'])
    })

    it('tells a handler to stop when the subscription closes', async () => {
      await publish(['a'])
      const { promise: started, resolve } = Promise.withResolvers<void>()
      const subscription = await log.subscribe({
        group,
        topics: [topic],
        handle: async ({ signal }) => {
          resolve()
          await new Promise((_, reject) =>
            signal.addEventListener('abort', () => reject(new Error('stopped'))),
          )
        },
      })
      await started
      await subscription.close()
      const { values } = await collect()
      await expect.poll(values).toEqual(['a'])
    })

    it('counts what a group has not handled', async () => {
      expect(await lagOf('a group that never was')).toBe(0)
      await publish(['a', 'b'], 'one')
      await publish(['c'], 'another')
      expect(await lagOf('a group that never was')).toBe(3)
      await collect()
      await expect.poll(() => lagOf()).toBe(0)
      const lag = await log.lag(group, [topic])
      expect(lag.map(({ partition }) => partition)).toEqual([0, 1, 2])
      expect(lag.reduce((sum, { end }) => sum + end, 0)).toBe(3)
    })

    it('begins a new group at the end when asked to', async () => {
      await publish(['before'])
      const { values } = await collect({ from: 'end' })
      await expect
        .poll(async () => {
          await publish(['after'])
          return values().length > 0
        })
        .toBe(true)
      expect(values()).not.toContain('before')
    })

    it('moves no group that has members', async () => {
      await publish(['a'])
      const { subscription, values } = await collect()
      await expect.poll(values).toEqual(['a'])
      await expect(log.seek(group, topic, 'beginning')).rejects.toThrow('CODRAFT_GROUP_ACTIVE')
      await subscription.close()
      await log.seek(group, topic, 'beginning')
      const again = await collect()
      await expect.poll(again.values).toEqual(['a'])
    })

    it('replays from the beginning, from a time and from an offset', async () => {
      await publish(['a', 'b'])
      const first = await log.read(topic)
      await expect.poll(() => Date.now()).toBeGreaterThan(first.at(-1)!.time + 5)
      const time = Date.now()
      await publish(['c', 'd'])
      const [{ partition }] = (await log.read(topic)) as [StoredMessage]
      const replay = async (...to: Parameters<EventLog['seek']>[2][]): Promise<string[]> => {
        const before = await collect()
        await expect.poll(() => lagOf()).toBe(0)
        await before.subscription.close()
        for (const target of to) await log.seek(group, topic, target)
        const after = await collect()
        await expect.poll(() => lagOf()).toBe(0)
        await after.subscription.close()
        return after.values()
      }
      expect(await replay('beginning')).toEqual(['a', 'b', 'c', 'd'])
      expect(await replay({ time })).toEqual(['c', 'd'])
      expect(await replay({ partition, offset: 1 })).toEqual(['b', 'c', 'd'])
      expect(await replay('beginning', 'end')).toEqual([])
    })

    it('makes missing topics, once, and refuses another number of partitions', async () => {
      const name = `${topic}-made`
      expect(await log.ensureTopics([specOf(name, 5)])).toMatchObject([
        { name, partitions: 5, created: true },
      ])
      expect(await log.ensureTopics([specOf(name, 5)])).toMatchObject([{ created: false }])
      await expect(log.ensureTopics([specOf(name, 6)])).rejects.toThrow(
        /CODRAFT_TOPIC_MISMATCH.*has 5 partitions, the catalogue says 6/,
      )
    })

    it('tells the lag of all groups of a prefix that have read a topic', async () => {
      const other = `${topic}-other`
      await log.ensureTopics([specOf(other)])
      await publish(['a', 'b'])
      const { messages, subscription } = await collect()
      await expect.poll(() => messages.length).toBe(2)
      await subscription.close()
      await publish(['c'])
      expect(await log.groupLags(group, [topic, other])).toEqual([{ group, topic, lag: 1 }])
      expect(await log.groupLags('another', [topic, other])).toEqual([])
    })

    it('describes the topics that exist, and makes none', async () => {
      await publish(['a', 'b'])
      const [state, ...others] = await log.describe([topic, `${topic}-missing`])
      expect(others).toEqual([])
      expect(state?.name).toBe(topic)
      expect(state?.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2])
      expect(state?.partitions.reduce((sum, { end }) => sum + end, 0)).toBe(2)
      for (const { start } of state!.partitions) expect(start).toBe(0)
      for (const { replicas, inSync } of state!.partitions) expect(inSync).toBe(replicas)
      expect(await log.describe([`${topic}-missing`])).toEqual([])
    })

    it('publishes what is queued when it closes', async () => {
      const published = Array.from({ length: 300 }, (_, i) => publish([`${i}`]))
      log = await subject.reopen()
      await Promise.all(published)
      expect((await log.read(topic)).map(({ value }) => value)).toEqual(
        Array.from({ length: 300 }, (_, i) => `${i}`),
      )
    })
  })
}
