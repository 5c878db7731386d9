import { expect, test } from 'vitest'
import { authorOf, dayOf, shorten, titleOf } from './versions.ts'

const version = {
  id: 'v',
  kind: 'automatic' as const,
  label: null,
  authorId: 'u1',
  authorName: null,
  createdAt: '2026-03-10T12:00:00.000Z',
}

test('days that are near have names', () => {
  expect(dayOf(version, new Date('2026-03-10T13:00:00Z'))).toBe('Today')
  expect(dayOf(version, new Date('2026-03-11T13:00:00Z'))).toBe('Yesterday')
  expect(dayOf(version, new Date('2026-03-12T13:00:00Z'))).toContain('2026')
})

test('a version is called by its name, its author by what is known', () => {
  expect(titleOf(version)).toBe('Kept automatically')
  expect(titleOf({ ...version, label: 'As agreed' })).toBe('As agreed')
  expect(authorOf(version)).toBe('u1')
  expect(authorOf({ ...version, authorName: 'Ann' })).toBe('Ann')
  expect(authorOf({ ...version, authorId: null })).toBe('the server')
})

test('unchanged text is left out where it is far from a change', () => {
  const text = Array.from({ length: 20 }, (_, line) => `line ${line}`).join('\n')
  expect(shorten(text, false, false)).toBe('line 0\nline 1\nline 2\n⋯\nline 17\nline 18\nline 19')
  expect(shorten(text, true, false)).toBe('⋯\nline 17\nline 18\nline 19')
  expect(shorten('short\ntext', true, true)).toBe('short\ntext')
})
