import { expect, it } from 'vitest'
import type { Status } from '../../rest/status-schema.ts'
import { ratesBetween } from './figures.ts'

const status = (edits: number, latency: [string, number][], startedAt = 'start'): Status =>
  ({ startedAt, totals: { edits, sent: edits * 2, latency } }) as unknown as Status

it('counts what came between two answers', () => {
  const before = status(100, [
    ['0.01', 10],
    ['0.1', 10],
    ['+Inf', 10],
  ])
  const now = status(120, [
    ['0.01', 10],
    ['0.1', 110],
    ['+Inf', 110],
  ])
  const { editsPerSecond, sentPerSecond, latencyMs } = ratesBetween(before, now, 2)
  expect(editsPerSecond).toBe(10)
  expect(sentPerSecond).toBe(20)
  expect(latencyMs).toBeCloseTo(99.1)
})

it('begins anew with a server that was started again, and knows no latency where nothing was sent', () => {
  const { editsPerSecond, latencyMs } = ratesBetween(
    status(1_000, [['+Inf', 9]]),
    status(4, [['+Inf', 0]], 'later'),
    2,
  )
  expect(editsPerSecond).toBe(2)
  expect(latencyMs).toBeUndefined()
})
