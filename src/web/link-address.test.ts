import { expect, test } from 'vitest'
import { linkAddress } from './link-address.ts'

test.each([
  ['example.org', 'https://example.org'],
  ['  https://example.org/a?b#c ', 'https://example.org/a?b#c'],
  ['http://localhost:8080', 'http://localhost:8080'],
  ['localhost:8080/path', 'https://localhost:8080/path'],
  ['ada@example.org', 'mailto:ada@example.org'],
  ['mailto:ada@example.org', 'mailto:ada@example.org'],
])('%j leads to %j', (typed, address) => {
  expect(linkAddress(typed)).toBe(address)
})

test.each([
  '',
  '   ',
  'two words',
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'data:text/html,x',
  'file:///etc/passwd',
])('%j is no link', (typed) => {
  expect(linkAddress(typed)).toBeUndefined()
})
