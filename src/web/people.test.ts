import { expect, test } from 'vitest'
import { initialsOf, peopleIn } from './people.ts'

const states = (...entries: [number, Record<string, unknown>][]) => new Map(entries)

test('oneself comes first, the others by name', () => {
  const people = peopleIn(
    states(
      [1, { user: { id: 'c', name: 'Cleo' } }],
      [2, { user: { id: 'me', name: 'Zoe' } }],
      [3, { user: { id: 'a', name: 'Ada' } }],
    ),
    2,
  )
  expect(people.map(({ name, self }) => [name, self])).toEqual([
    ['Zoe', true],
    ['Ada', false],
    ['Cleo', false],
  ])
})

test('several tabs of one user are one person, under the name that this tab uses', () => {
  const people = peopleIn(
    states([1, { user: { id: 'me', name: 'Old name' } }], [9, { user: { id: 'me', name: 'New name' } }]),
    9,
  )
  expect(people).toEqual([{ id: 'me', name: 'New name', self: true }])
})

test('clients without an id count each, clients without a user not at all', () => {
  const people = peopleIn(states([1, { user: { name: '' } }], [2, { user: {} }], [3, { cursor: null }]), 4)
  expect(people.map(({ id, name }) => [id, name])).toEqual([
    ['client-1', 'Anonymous'],
    ['client-2', 'Anonymous'],
  ])
})

test.each([
  ['Quiet Otter', 'QO'],
  ['ada', 'A'],
  ['Ana María de la Torre', 'AT'],
  ['jean-luc', 'JL'],
  ['👩‍🚀 Sally', '👩‍🚀S'],
  ['', ''],
])('the initials of %j are %j', (name, initials) => {
  expect(initialsOf(name)).toBe(initials)
})
