import { describe, expect, it } from 'vitest'
import { canWrite, roleFor, type DocumentRoles } from './roles.ts'

describe('roleFor', () => {
  const documents: DocumentRoles = {
    '*': 'viewer',
    'team/*': 'commenter',
    'team/plans/*': 'editor',
    'team/plans/2030': 'owner',
    'team/plans/secret': 'viewer',
  }

  it.each([
    ['team/plans/2030', 'owner'],
    ['team/plans/secret', 'viewer'],
    ['team/plans/2031', 'editor'],
    ['team/plans/', 'editor'],
    ['team/notes', 'commenter'],
    ['else', 'viewer'],
  ])('%s -> %s', (documentName, role) => {
    expect(roleFor(documents, documentName)).toBe(role)
  })

  it('does not depend on the order of the keys', () => {
    const reversed = Object.fromEntries(Object.entries(documents).reverse())
    expect(roleFor(reversed, 'team/plans/2031')).toBe('editor')
    expect(roleFor(reversed, 'team/plans/secret')).toBe('viewer')
  })

  it('grants nothing that no key names', () => {
    expect(roleFor({}, 'notes')).toBeUndefined()
    expect(roleFor({ notes: 'owner' }, 'notes2')).toBeUndefined()
    expect(roleFor({ 'notes/*': 'owner' }, 'notes')).toBeUndefined()
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'inherits no role for %s',
    (documentName) => {
      expect(roleFor({}, documentName)).toBeUndefined()
      expect(roleFor(JSON.parse('{"__proto__":"owner"}') as DocumentRoles, 'polluted')).toBeUndefined()
    },
  )

  it('reads a * in a document name as a letter', () => {
    expect(roleFor({ notes: 'owner', 'notes-2': 'owner' }, '*')).toBeUndefined()
    expect(roleFor({ notes: 'owner' }, 'no*')).toBeUndefined()
    expect(roleFor({ 'a*b': 'owner' }, 'axb')).toBeUndefined()
    expect(roleFor({ 'a*b': 'owner' }, 'a*b')).toBe('owner')
  })

  it('never takes a key that ends in * for a name', () => {
    expect(roleFor({ 'a*': 'viewer', 'a**': 'editor' }, 'a*')).toBe('editor')
    expect(roleFor({ 'a*': 'viewer', 'a**': 'editor' }, 'ab')).toBe('viewer')
  })
})

it('lets owners and editors write', () => {
  expect((['owner', 'editor', 'commenter', 'viewer'] as const).filter(canWrite)).toEqual(['owner', 'editor'])
})
