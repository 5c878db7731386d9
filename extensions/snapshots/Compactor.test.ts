import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'
import { Compactor } from './Compactor.ts'

let compactor: Compactor
afterEach(() => compactor.close())

const typed = (characters: string): { document: Doc; updates: Uint8Array[] } => {
  const document = new Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  for (const character of characters) document.getText().insert(document.getText().length, character)
  return { document, updates }
}
const textOf = (state: Uint8Array): string => {
  const document = new Doc()
  applyUpdate(document, state)
  return document.getText().toJSON()
}

describe('a compaction', () => {
  it('makes one state out of a state and updates', async () => {
    compactor = new Compactor()
    const { document, updates } = typed('hello world')
    const state = await compactor.compact({ updates: updates.slice(0, 5) })
    expect(textOf(state)).toBe('hello')
    const whole = await compactor.compact({ state, updates: updates.slice(5) })
    expect(textOf(whole)).toBe('hello world')
    expect(Buffer.compare(whole, encodeStateAsUpdate(document))).toBe(0)
  })

  it('keeps an update whose predecessor is missing, for when that comes', async () => {
    compactor = new Compactor()
    const { updates } = typed('abc')
    const gap = await compactor.compact({ updates: [updates[0]!, updates[2]!] })
    expect(textOf(gap)).toBe('a')
    expect(textOf(await compactor.compact({ state: gap, updates: [updates[1]!] }))).toBe('abc')
  })

  it('drops deleted content, or keeps it when the server does', async () => {
    const { document, updates } = typed('x')
    document.getText().insert(0, 'secret'.repeat(1_000))
    document.getText().delete(0, 6_000)
    compactor = new Compactor({ gc: false })
    expect((await compactor.compact({ updates })).length).toBeGreaterThan(6_000)
    await compactor.close()
    compactor = new Compactor()
    expect((await compactor.compact({ updates })).length).toBeLessThan(200)
  })

  it('fails for bytes that are no update, and the next one works', async () => {
    compactor = new Compactor()
    await expect(compactor.compact({ updates: [Uint8Array.of(9, 9, 9)] })).rejects.toThrow(
      'cannot be applied',
    )
    expect(textOf(await compactor.compact({ updates: typed('ok').updates }))).toBe('ok')
  })

  it('fails when the worker runs out of memory, and the next one gets a new worker', async () => {
    compactor = new Compactor({ maxHeapMb: 16 })
    const { updates } = typed('ab'.repeat(30))
    const document = new Doc()
    const large: Uint8Array[] = []
    document.on('update', (update: Uint8Array) => large.push(update))
    document.transact(() => {
      for (let i = 0; i < 60_000; i++) document.getMap().set(`key ${i}`, i)
    })
    await expect(compactor.compact({ updates: large })).rejects.toThrow(/memory/)
    expect(textOf(await compactor.compact({ updates }))).toBe('ab'.repeat(30))
  })

  it('runs whether the worker still idles, is ending, or has ended', async () => {
    compactor = new Compactor({ idleMs: 1 })
    for (let i = 0; i < 10; i++) {
      expect(textOf(await compactor.compact({ updates: typed('again').updates }))).toBe('again')
      await delay(i)
    }
  })

  it('is refused once it is closed; one under way fails', async () => {
    compactor = new Compactor()
    const running = compactor.compact({ updates: typed('x').updates })
    const outcome = expect(running).rejects.toThrow()
    await new Promise(setImmediate)
    await compactor.close()
    await outcome
    await expect(compactor.compact({ updates: [] })).rejects.toThrow('closed')
  })
})
