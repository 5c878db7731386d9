import { describe, expect, it } from 'vitest'
import { superseded, type KeptVersion } from './retention.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const now = 20_000 * day

const automatic = (ageMs: number): KeptVersion => ({
  id: `${ageMs / minute} min`,
  kind: 'automatic',
  label: null,
  createdAt: now - ageMs,
})
const every = (stepMs: number, untilMs: number): KeptVersion[] =>
  Array.from({ length: Math.floor(untilMs / stepMs) }, (_, i) => automatic((i + 1) * stepMs))

const kept = (versions: readonly KeptVersion[], at = now, keepMs = 365 * day): KeptVersion[] => {
  const gone = new Set(superseded(versions, at, keepMs))
  return versions.filter(({ id }) => !gone.has(id))
}
const between = (versions: readonly KeptVersion[], fromMs: number, toMs: number): number =>
  versions.filter(({ createdAt }) => now - createdAt > fromMs && now - createdAt <= toMs).length

describe('superseded', () => {
  it('thins out with age', () => {
    const left = kept(every(10 * minute, 400 * day))
    expect(between(left, 0, day)).toBe(24 * 6)
    expect(between(left, day, 7 * day)).toBe(6 * 24)
    expect(between(left, 7 * day, 90 * day)).toBe(83)
    expect(between(left, 90 * day, 365 * day)).toBeLessThanOrEqual(41)
    expect(between(left, 90 * day, 365 * day)).toBeGreaterThanOrEqual(39)
    expect(between(left, 365 * day, Infinity)).toBe(0)
  })

  it('gives the same when it runs every hour as when it runs once', () => {
    let versions = every(30 * minute, 20 * day)
    const once = kept(versions)
    for (let at = now - 19 * day; at <= now; at += hour) {
      const made = versions.filter(({ createdAt }) => createdAt <= at)
      const later = versions.filter(({ createdAt }) => createdAt > at)
      versions = [...kept(made, at), ...later]
    }
    expect(versions.map(({ id }) => id).sort()).toEqual(once.map(({ id }) => id).sort())
  })

  it('keeps what somebody made or named', () => {
    const made = { ...automatic(500 * day), kind: 'manual' as const }
    const named = { ...automatic(501 * day), label: 'as signed' }
    expect(superseded([made, named, automatic(502 * day)], now, 365 * day)).toEqual([`${502 * 24 * 60} min`])
  })
})
