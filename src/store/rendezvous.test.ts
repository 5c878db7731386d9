import { describe, expect, it } from 'vitest'
import { shardOf } from './rendezvous.ts'

const names = Array.from({ length: 3_000 }, (_, i) => `document ${i}`)

describe('shardOf', () => {
  it('spreads documents evenly', () => {
    const counts = Object.values(Object.groupBy(names, (name) => shardOf(name, 3))).map((of) => of?.length)
    expect(counts).toHaveLength(3)
    for (const count of counts) expect(count).toBeGreaterThan(900)
  })

  it('moves documents to a new shard only', () => {
    const moved = names.filter((name) => shardOf(name, 3) !== shardOf(name, 4))
    expect(moved.every((name) => shardOf(name, 4) === 3)).toBe(true)
    expect(moved.length).toBeGreaterThan(600)
    expect(moved.length).toBeLessThan(900)
  })

  it('answers the same in every release: stored rows depend on it', () => {
    expect(['a', 'b', 'c', 'notes/2', 'größe'].map((name) => shardOf(name, 5))).toMatchInlineSnapshot(`
      [
        4,
        3,
        1,
        2,
        0,
      ]
    `)
  })
})
