import { describe, expect, it } from 'vitest'
import { ReadBudget } from './ReadBudget.ts'

describe('a connection is read', () => {
  it('at once, up to twice the messages of a second', () => {
    const budget = new ReadBudget(100, 0)
    const waits = Array.from({ length: 199 }, () => budget.spend(0, 0))
    expect(waits.every((wait) => wait === 0)).toBe(true)
    expect(budget.spend(0, 0)).toBe(100)
  })

  it('at its rate for long', () => {
    const budget = new ReadBudget(100, 0)
    let now = 0
    let read = 0
    while (now < 60_000) {
      now += budget.spend(now, 0)
      read += 1
    }
    expect(read / 60).toBeGreaterThan(95)
    expect(read / 60).toBeLessThan(105)
  })

  it('for a quarter of the time when its messages are slow to handle', () => {
    const budget = new ReadBudget(10_000, 0)
    let now = 0
    let busy = 0
    while (now < 60_000) {
      now += 30
      busy += 30
      now += budget.spend(now, 30)
    }
    expect(busy / now).toBeGreaterThan(0.23)
    expect(busy / now).toBeLessThan(0.27)
  })

  it('again within a second after one message that took long', () => {
    expect(new ReadBudget(10_000, 0).spend(8_000, 8_000)).toBeLessThanOrEqual(1_000)
  })
})
