import { expect, test } from 'vitest'
import { figuresOf, slotsOf, spans, type Analytics, type Span } from './usage.ts'

const [days, hours] = spans as [Span, Span]
const counts = { opens: 1, edits: 2, editors: 2, inserted: 30, deleted: 4 }
const now = Date.parse('2026-03-10T12:34:00Z')

const analytics: Analytics = {
  total: { opens: 2, edits: 4, editors: 3, inserted: 60, deleted: 8 },
  days: ['2026-02-09T00:00:00.000Z', '2026-03-10T00:00:00.000Z'].map((from) => ({ from, ...counts })),
  hours: ['2026-03-09T12:00:00.000Z', '2026-03-09T13:00:00.000Z', '2026-03-10T12:00:00.000Z'].map((from) => ({
    from,
    ...counts,
  })),
}

test('days and hours in which nothing happened are there too, and those before are not', () => {
  const byDay = slotsOf(analytics, days, now)
  expect(byDay).toHaveLength(30)
  expect(byDay.map(({ edits }) => edits)).toEqual([2, ...Array<number>(28).fill(0), 2])
  expect(byDay.at(-1)?.startsAt).toBe(Date.parse('2026-03-10'))
  const byHour = slotsOf(analytics, hours, now)
  expect(byHour.map(({ edits }) => edits)).toEqual([2, ...Array<number>(22).fill(0), 2])
})

test('the editors of a span are counted once, and not summed where that is not known', () => {
  const values = (span: Span) =>
    figuresOf(analytics, span, slotsOf(analytics, span, now)).map(({ value }) => value)
  expect(values(days)).toEqual(['4', '3', '+60 −8', '2'])
  expect(values(hours)).toEqual(['4', '2', '+60 −8', '2'])
})
