import { expect, test } from 'vitest'
import type { ContenderName } from './lib/contenders.ts'
import type { Figures } from './lib/Run.ts'
import { formatNumber, judge, lookupIn, markdownTable, scenarioTable, summaryTable } from './report.ts'

const runs = (contender: ContenderName, ...figures: Figures[]) =>
  figures.map((each) => ({ contender, figures: each }))

const room = [
  ...runs('relay', { cpuUsPerDelivery: 10 }),
  ...runs('plain', { cpuUsPerDelivery: 15 }, { cpuUsPerDelivery: 14 }, { cpuUsPerDelivery: 20 }),
  ...runs('plain-window', { cpuUsPerDelivery: 9 }),
  ...runs('codraft', { cpuUsPerDelivery: 9, p50ms: 17.66, p99ms: 31.24 }),
]

test.each([
  [0, '0'],
  [0.12345, '0.123'],
  [1.5, '1.5'],
  [99.96, '100'],
  [-12.34, '-12.3'],
  [1234.5, '1235'],
])('%d is written as %s', (value, text) => {
  expect(formatNumber(value)).toBe(text)
})

test('a table is Markdown, its first column to the left', () => {
  expect(markdownTable(['', 'b'], [['x', '1']])).toBe('|  | b |\n| --- | ---: |\n| x | 1 |')
})

test('a scenario shows median and spread of every contender in the same order', () => {
  const table = scenarioTable('room', room).split('\n')
  expect(table).toContain('|  | relay | plain | plain-window | codraft |')
  expect(table).toContain('| cpuUsPerDelivery | 10 | 15 (14–20) | 9 | 9 |')
  expect(table).toContain('| p50ms | – | – | – | 17.7 |')
})

test('texts are shown as they are, once each', () => {
  const table = scenarioTable(
    'slow-reader',
    runs('plain', { outcome: 'behind' }, { outcome: 'caught up' }, { outcome: 'behind' }),
  )
  expect(table).toContain('| outcome | behind, caught up |')
})

test('a scenario is judged by the medians, against each opponent', () => {
  expect(judge('room', room)).toEqual({
    scenario: 'room',
    ratios: { plain: '0.60', 'plain-window': '1.00', relay: '0.90', 'extension-redis': '–' },
    conditions: 'p50 17.7 ms; p99 31.2 ms',
    target: '≤ 0.65 of plain; ≤ 0.95 of plain-window; p99 ≤ 50 ms',
    met: false,
  })
})

test('a target is met when all its parts are', () => {
  const others = room.filter(({ contender }) => contender !== 'plain-window')
  expect(judge('room', [...others, ...runs('plain-window', { cpuUsPerDelivery: 12 })]).met).toBe(true)
})

test('a target is neither met nor missed while a part of it is not measured', () => {
  expect(
    judge(
      'room',
      room.filter(({ contender }) => contender !== 'plain-window'),
    ).met,
  ).toBeUndefined()
  expect(judge('room', []).met).toBeUndefined()
})

test('a limit may depend on other figures', () => {
  const slow = (p50ms: number) =>
    judge('slow-reader', runs('codraft', { grownPerBacklog: 0.05, controlP50ms: 4, p50ms })).met
  expect(slow(6)).toBe(true)
  expect(slow(6.1)).toBe(false)
})

test('a lost acknowledged edit counts, however rare', () => {
  const lost = runs('codraft', { ackedLost: 0 }, { ackedLost: 0 }, { ackedLost: 1 })
  expect(lookupIn(lost)('codraft', 'ackedLost')).toBe(0)
  expect(judge('crash', lost)).toMatchObject({ conditions: 'ackedLost 1', met: false })
})

test('the summary has one line for each scenario', () => {
  const lines = summaryTable([judge('room', room), judge('crash', [])]).split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[2]).toMatch(/^\| room \|.*\| \*\*no\*\* \|$/)
  expect(lines[3]).toMatch(/^\| crash \|.*\| – \|$/)
})
