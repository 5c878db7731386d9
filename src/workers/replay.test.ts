import { expect, it } from 'vitest'
import { completeSince } from './replay.ts'

const at = (text: string): number => Date.parse(text)

it('derives everything anew while the log has lost nothing, else the days that are whole in every partition', () => {
  expect(completeSince([])).toBe(0)
  expect(completeSince([{ offset: 0, time: at('2030-01-05T10:00Z') }])).toBe(0)
  const firsts = [
    { offset: 0, time: at('2030-01-09T10:00Z') },
    { offset: 7, time: at('2030-01-05T10:00Z') },
    { offset: 3, time: at('2030-01-06T00:00:01Z') },
  ]
  expect(completeSince(firsts)).toBe(at('2030-01-07T00:00Z'))
})
