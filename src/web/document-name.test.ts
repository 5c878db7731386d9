import { expect, test } from 'vitest'
import { cleanDocumentName, documentNameIn, documentPath, randomDocumentName } from './document-name.ts'

test('a random name is readable and safe in an address', () => {
  for (let index = 0; index < 200; index += 1) {
    const name = randomDocumentName()
    expect(name).toMatch(/^[a-z]+-[a-z]+-[2-9a-z]{4}$/)
    expect(documentPath(name)).toBe(`/?doc=${name}`)
  }
})

test('a name survives the way through the address', () => {
  const name = 'Pläne & Träume / 2 + 2 = 4? 🦦'
  expect(documentNameIn(new URL(documentPath(name), 'http://codraft.test').search)).toBe(name)
})

test('control characters, outer spaces and excess length are dropped', () => {
  expect(cleanDocumentName('  a\u0000b\n ')).toBe('ab')
  expect(cleanDocumentName('x'.repeat(300))).toHaveLength(255)
  expect(documentNameIn('?doc=%20%09')).toBeUndefined()
  expect(documentNameIn('')).toBeUndefined()
})
