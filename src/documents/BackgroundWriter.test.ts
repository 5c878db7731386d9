import { expect, it } from 'vitest'
import { CodraftError } from '../../extensions/errors.ts'
import type { StoreDatabase } from '../store/schema.ts'
import { BackgroundWriter } from './BackgroundWriter.ts'

interface Entry {
  readonly documentName: string
  readonly n: number
}

/** Two shards: documents whose name begins with `a`, and the others. */
const shards = { a: {} as StoreDatabase, b: {} as StoreDatabase }

const writerFor = (
  options: { maxWaiting?: number; failWith?: (db: StoreDatabase) => Error | undefined } = {},
) => {
  const away = new Set<StoreDatabase>()
  const written: (readonly Entry[])[] = []
  const dropped: { entries: number; reason: unknown }[] = []
  const writer = new BackgroundWriter<Entry>({
    store: {
      of(documentName) {
        const db = documentName.startsWith('a') ? shards.a : shards.b
        if (away.has(db)) throw new CodraftError('CODRAFT_STORE_UNAVAILABLE')
        return db
      },
    },
    documentOf: ({ documentName }) => documentName,
    async write(db, entries) {
      const error = options.failWith?.(db)
      if (error) throw error
      written.push(entries)
    },
    onDropped: (entries, reason) => dropped.push({ entries, reason }),
    gatherMs: 5,
    maxWaiting: options.maxWaiting ?? 100,
  })
  return { writer, away, written, dropped }
}

it('gathers entries, one statement for each database, the last of each key', async () => {
  const { writer, written } = writerFor()
  for (const [key, documentName, n] of [
    ['1', 'apple', 1],
    ['2', 'berry', 2],
    ['1', 'apple', 3],
    ['3', 'avocado', 4],
  ] as const) {
    writer.put(key, { documentName, n })
  }
  writer.put('4', { documentName: 'apple', n: 5 })
  writer.remove('4')
  await expect.poll(() => written).toHaveLength(2)
  const numbers = written.map((entries) => entries.map(({ n }) => n))
  expect(numbers).toEqual(expect.arrayContaining([[2], [3, 4]]))
})

it('keeps what a database that is away cannot take, newer entries included, and writes it later', async () => {
  const { writer, away, written, dropped } = writerFor()
  away.add(shards.a)
  writer.put('1', { documentName: 'apple', n: 1 })
  writer.put('2', { documentName: 'berry', n: 2 })
  await writer.flush()
  expect(written).toEqual([[{ documentName: 'berry', n: 2 }]])
  writer.put('1', { documentName: 'apple', n: 3 })
  away.clear()
  await expect.poll(() => written[1]).toEqual([{ documentName: 'apple', n: 3 }])
  expect(dropped).toEqual([])
})

it('keeps what a database refuses because it has just gone away', async () => {
  let isAway = true
  const { writer, written } = writerFor({
    failWith: () => (isAway ? new CodraftError('CODRAFT_STORE_UNAVAILABLE') : undefined),
  })
  writer.put('1', { documentName: 'apple', n: 1 })
  await writer.flush()
  expect(written).toEqual([])
  isAway = false
  await expect.poll(() => written).toEqual([[{ documentName: 'apple', n: 1 }]])
})

it('gives up what the database will never take, and what is too much, and says so', async () => {
  const refusal = new Error('no such table')
  const { writer, dropped } = writerFor({ maxWaiting: 2, failWith: () => refusal })
  for (const n of [1, 2, 3]) writer.put(`${n}`, { documentName: 'apple', n })
  expect(dropped).toMatchObject([{ entries: 1 }])
  await writer.flush()
  expect(dropped[1]).toEqual({ entries: 2, reason: refusal })
})
