import { expect, it } from 'vitest'
import type { Batch, StoredMessage } from '../../extensions/events/index.ts'
import { handleByKey } from './batch.ts'

const batchOf = (keys: string, signal = new AbortController().signal) => {
  const done: number[] = []
  const messages = Array.from(keys, (key, offset): StoredMessage => ({
    topic: 'topic',
    partition: 0,
    offset,
    time: 0,
    key,
    value: '',
    headers: {},
  }))
  const batch: Batch = {
    topic: 'topic',
    partition: 0,
    messages,
    signal,
    done: (message) => done.push(message.offset),
  }
  return { batch, done }
}

it('keeps the order of each key, and lets no key wait for another', async () => {
  const { batch } = batchOf('aabab')
  const begun: number[] = []
  const held = Promise.withResolvers<void>()
  const handling = handleByKey(batch, 2, async ({ key, offset }) => {
    begun.push(offset)
    if (key === 'a') await held.promise
  })
  await expect.poll(() => begun).toEqual([0, 2, 4])
  held.resolve()
  await handling
  expect(begun).toEqual([0, 2, 4, 1, 3])
})

it('is done only with what has nothing unhandled before it', async () => {
  const { batch, done } = batchOf('abab')
  const held = Promise.withResolvers<void>()
  const handled: number[] = []
  const handling = handleByKey(batch, 2, async ({ offset }) => {
    if (offset === 0) await held.promise
    handled.push(offset)
  })
  await expect.poll(() => handled).toEqual([1, 3])
  expect(done).toEqual([])
  held.resolve()
  await handling
  expect(done.at(-1)).toBe(3)
})

it('begins nothing after an abort, awaits what is under way, and rejects', async () => {
  const stopping = new AbortController()
  const { batch, done } = batchOf('aab', stopping.signal)
  const held = Promise.withResolvers<void>()
  const handled: number[] = []
  const handling = handleByKey(batch, 2, async ({ offset }) => {
    if (offset === 0) await held.promise
    handled.push(offset)
  })
  await expect.poll(() => handled).toEqual([2])
  stopping.abort(new Error('leaving'))
  held.resolve()
  await expect(handling).rejects.toThrow('leaving')
  expect(handled).toEqual([2, 0])
  expect(done).toEqual([0])
})
