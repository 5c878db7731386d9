import { expect, it } from 'vitest'
import { drainOutbox, type QueuedEvent } from './drain-outbox.ts'

const outboxOf = (...topics: string[]) => {
  let queue: QueuedEvent[] = topics.map((topic, sequence) => ({
    sequence,
    topic,
    key: 'k',
    payload: sequence,
  }))
  const log: string[] = []
  return {
    log,
    parts: {
      list: async (limit: number) => queue.slice(0, limit),
      publish: async (topic: string, messages: readonly { value: string }[]) => {
        log.push(...messages.map(({ value }) => `${topic} ${value}`))
      },
      mark: async (sequences: readonly number[]) => {
        queue = queue.filter(({ sequence }) => !sequences.includes(sequence))
      },
    },
    left: () => queue.map(({ sequence }) => sequence),
  }
}

it('publishes in order within a topic, and nothing twice', async () => {
  const { parts, log, left } = outboxOf('a', 'b', 'a', 'a', 'b')
  expect(await drainOutbox(parts, 4)).toBe(4)
  expect(await drainOutbox(parts, 4)).toBe(1)
  expect(await drainOutbox(parts, 4)).toBe(0)
  expect(log.filter((line) => line.startsWith('a'))).toEqual(['a 0', 'a 2', 'a 3'])
  expect(log.filter((line) => line.startsWith('b'))).toEqual(['b 1', 'b 4'])
  expect(left()).toEqual([])
})

it('keeps what could not be published, and what comes after it', async () => {
  const { parts, left } = outboxOf('a', 'away', 'a')
  const publish = async (topic: string, messages: readonly { value: string }[]) => {
    if (topic === 'away') throw new Error('no broker')
    await parts.publish(topic, messages)
  }
  await expect(drainOutbox({ ...parts, publish }, 10)).rejects.toThrow('no broker')
  expect(left()).toEqual([1])
})

it('publishes again what it could not mark', async () => {
  const { parts, log, left } = outboxOf('a')
  const mark = async () => {
    throw new Error('ended')
  }
  await expect(drainOutbox({ ...parts, mark }, 10)).rejects.toThrow('ended')
  expect(left()).toEqual([0])
  await drainOutbox(parts, 10)
  expect(log).toEqual(['a 0', 'a 0'])
})
