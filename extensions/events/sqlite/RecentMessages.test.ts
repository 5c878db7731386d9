import { expect, it } from 'vitest'
import type { StoredMessage } from '../EventLog.ts'
import { RecentMessages } from './RecentMessages.ts'

const topic = 'topic'
const message = (offset: number, value = 'x', time = 1): StoredMessage => ({
  topic,
  partition: 0,
  offset,
  time,
  key: 'key',
  value,
  headers: {},
})

const offsetsFrom = (recent: RecentMessages, next: number, limit = 100): number[] | undefined =>
  recent.from({ topic, partition: 0, next }, limit)?.map(({ offset }) => offset)

it('knows what was added, from any place in it, and that nothing follows', () => {
  const recent = new RecentMessages()
  for (const offset of [5, 6, 7]) recent.add(message(offset))
  expect(offsetsFrom(recent, 5)).toEqual([5, 6, 7])
  expect(offsetsFrom(recent, 6, 1)).toEqual([6])
  expect(offsetsFrom(recent, 8)).toEqual([])
})

it('does not know what came before or will come after, nor other partitions', () => {
  const recent = new RecentMessages()
  recent.add(message(5))
  expect(offsetsFrom(recent, 4)).toBeUndefined()
  expect(offsetsFrom(recent, 7)).toBeUndefined()
  expect(recent.from({ topic, partition: 1, next: 5 }, 100)).toBeUndefined()
})

it('a gap, made by another process, is never passed over', () => {
  const recent = new RecentMessages()
  recent.add(message(5))
  recent.add(message(7))
  expect(offsetsFrom(recent, 5)).toBeUndefined()
  expect(offsetsFrom(recent, 6)).toBeUndefined()
  expect(offsetsFrom(recent, 7)).toEqual([7])
})

it('where the file has ended, the next message is known from the first on', () => {
  const recent = new RecentMessages()
  recent.reached({ topic, partition: 0, next: 5 })
  expect(offsetsFrom(recent, 5)).toEqual([])
  recent.add(message(5))
  recent.reached({ topic, partition: 0, next: 5 })
  expect(offsetsFrom(recent, 5)).toEqual([5])
})

it('keeps the newest when there are many, or long ones', () => {
  const recent = new RecentMessages()
  for (let offset = 0; offset < 10_000; offset++) recent.add(message(offset))
  expect(offsetsFrom(recent, 0)).toBeUndefined()
  expect(offsetsFrom(recent, 9_999)).toEqual([9_999])
  for (let offset = 10_000; offset < 10_010; offset++) recent.add(message(offset, 'x'.repeat(200_000)))
  expect(offsetsFrom(recent, 10_005)).toBeUndefined()
  expect(offsetsFrom(recent, 10_009)).toEqual([10_009])
})

it('forgets after ten seconds what its readers have had', () => {
  const recent = new RecentMessages()
  recent.add(message(5, 'x', 1_000))
  recent.add(message(6, 'x', 9_000))
  recent.add(message(7, 'x', 12_000))
  expect(offsetsFrom(recent, 5)).toBeUndefined()
  expect(offsetsFrom(recent, 6)).toEqual([6, 7])
})
