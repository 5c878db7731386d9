import { expect, test } from 'vitest'
import { median, percentiles } from './stats.ts'

test.each([
  [[], undefined],
  [[3], 3],
  [[10, 9], 9.5],
  [[10, 1, 2], 2],
  [[4, 100, 2, 3], 3.5],
])('the median of %j is %j', (values, expected) => {
  expect(median(values)).toBe(expected)
})

test('percentiles sort by value', () => {
  const values = Array.from({ length: 1000 }, (_, index) => 1000 - index)
  expect(percentiles(values)).toEqual({ p50: 501, p99: 991, max: 1000 })
  expect(percentiles([5])).toEqual({ p50: 5, p99: 5, max: 5 })
})

test('percentiles of nothing are not numbers', () => {
  expect(percentiles([])).toEqual({ p50: NaN, p99: NaN, max: NaN })
})
