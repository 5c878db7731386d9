import { expect, it } from 'vitest'
import { RoleChanges } from './RoleChanges.ts'

it('knows which documents have changed since a moment', () => {
  const changes = new RoleChanges()
  const before = changes.now
  changes.note('a')
  const after = changes.now
  expect([changes.since('a', before), changes.since('b', before), changes.since('a', after)]).toEqual([
    true,
    false,
    false,
  ])
})

it('keeps no more than so many documents, and then answers on the safe side', () => {
  const changes = new RoleChanges()
  const before = changes.now
  for (let i = 0; i < 10_002; i++) changes.note(`document ${i}`)
  expect(changes.since('document 0', before)).toBe(true)
  expect(changes.since('never changed', before)).toBe(true)
  expect(changes.since('never changed', changes.now)).toBe(false)
})
