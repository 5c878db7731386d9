import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Deadlines } from './Deadlines.ts'
import { TokenExpiry } from './TokenExpiry.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('TokenExpiry', () => {
  let start: number
  let events: string[]
  let expiry: TokenExpiry<string>
  const log = (what: string) => (connection: string) => {
    events.push(`${what} ${connection} at ${(Date.now() - start) / 1000}`)
  }
  beforeEach(() => {
    start = Date.now()
    events = []
    expiry = new TokenExpiry({ renewBeforeMs: 60_000, onRenew: log('renew'), onExpired: log('expired') })
  })

  it('asks before the expiry, repeats while nothing comes, then expires', () => {
    expiry.set('a', start + 3_600_000)
    vi.advanceTimersByTime(3_600_000)
    expect(events).toEqual([
      'renew a at 3540',
      'renew a at 3570',
      'renew a at 3585',
      'renew a at 3592.5',
      'renew a at 3596.25',
      'renew a at 3598.125',
      'expired a at 3600',
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('asks at half of a short lifetime', () => {
    expiry.set('a', start + 2_000)
    vi.advanceTimersByTime(2_000)
    expect(events).toEqual(['renew a at 1', 'expired a at 2'])
  })

  it('starts again with a later token, and is not disturbed by the same one', () => {
    expiry.set('a', start + 120_000)
    vi.advanceTimersByTime(60_000)
    expiry.set('a', start + 120_000)
    vi.advanceTimersByTime(20_000)
    expiry.set('a', start + 1_000_000)
    vi.advanceTimersByTime(860_000)
    expect(events).toEqual(['renew a at 60', 'renew a at 940'])
  })

  it('expires at once what has expired already', () => {
    expiry.set('a', start - 1)
    vi.advanceTimersByTime(1)
    expect(events).toEqual(['expired a at 0'])
  })

  it('leaves no timer behind', () => {
    expiry.set('a', start + 1_000)
    expiry.set('b', start + 2_000)
    expiry.set('c', undefined)
    expect(vi.getTimerCount()).toBe(1)
    expiry.delete('a')
    expiry.set('b', undefined)
    expect(vi.getTimerCount()).toBe(0)
    expiry.set('a', start + 1_000)
    expiry.clear()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(5_000)
    expect(events).toEqual([])
  })
})

describe('Deadlines', () => {
  it('come in their order, whatever was set, moved and deleted', () => {
    const seed = Date.now() % 1_000_000
    let state = seed
    const random = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31
      return Math.floor((state / 2 ** 31) * below)
    }
    const start = Date.now()
    const expected = new Map<number, number>()
    const came: [key: number, at: number][] = []
    const deadlines = new Deadlines<number>((key) => came.push([key, Date.now() - start]))
    for (let step = 0; step < 3_000; step++) {
      const key = random(400)
      if (random(4) === 0) {
        deadlines.delete(key)
        expected.delete(key)
      } else {
        const due = random(100_000)
        deadlines.set(key, start + due)
        expected.set(key, due)
      }
    }
    expect(deadlines.size, `seed ${seed}`).toBe(expected.size)
    vi.advanceTimersByTime(100_001)
    expect(
      came.map(([, at]) => at),
      `seed ${seed}`,
    ).toEqual([...expected.values()].sort((a, b) => a - b))
    expect(new Map(came), `seed ${seed}`).toEqual(expected)
    expect(deadlines.size).toBe(0)
  })

  it('wait longer than a timer can', () => {
    const due = Date.now() + 40 * 86_400_000
    const came: number[] = []
    new Deadlines<string>(() => came.push(Date.now())).set('a', due)
    vi.advanceTimersByTime(41 * 86_400_000)
    expect(came).toEqual([due])
  })

  it('let the event loop run between many that are due together', () => {
    const due = Date.now() + 1_000
    let count = 0
    const deadlines = new Deadlines<number>(() => count++)
    for (let key = 0; key < 1_200; key++) deadlines.set(key, due)
    vi.advanceTimersToNextTimer()
    expect(count).toBe(500)
    vi.advanceTimersByTime(10)
    expect(count).toBe(1_200)
  })

  it('do not come after an earlier one of the same time has deleted them', () => {
    const due = Date.now() + 1_000
    const came: string[] = []
    const deadlines = new Deadlines<string>((key) => {
      came.push(key)
      deadlines.delete(key === 'a' ? 'b' : 'a')
    })
    deadlines.set('a', due)
    deadlines.set('b', due)
    vi.advanceTimersByTime(2_000)
    expect(came).toHaveLength(1)
  })

  it('go on after a callback that throws', () => {
    const came: string[] = []
    const deadlines = new Deadlines<string>((key) => {
      came.push(key)
      if (key === 'a') throw new Error('failed')
    })
    deadlines.set('a', Date.now() + 1)
    deadlines.set('b', Date.now() + 2)
    expect(() => vi.advanceTimersByTime(10)).toThrow('failed')
    vi.advanceTimersByTime(10)
    expect(came).toEqual(['a', 'b'])
  })
})
