import { expect, it } from 'vitest'
import { commentsDocumentOf, mainDocumentOf } from './comments-document.ts'
import { assertDocumentName } from './document-name.ts'

it.each(['notes', 'a/b', 'notes~', '~comments-of-mine'])('pairs %j with its comments', (name) => {
  expect(mainDocumentOf(name)).toBeUndefined()
  expect(mainDocumentOf(commentsDocumentOf(name))).toBe(name)
  expect(() => assertDocumentName(commentsDocumentOf(name))).not.toThrow()
})

it('lets a name of full length have comments, and comments have none', () => {
  const longest = 'x'.repeat(255)
  expect(() => assertDocumentName(commentsDocumentOf(longest))).not.toThrow()
  for (const name of [
    `${longest}x`,
    commentsDocumentOf(''),
    commentsDocumentOf(commentsDocumentOf('notes')),
  ]) {
    expect(() => assertDocumentName(name)).toThrow('CODRAFT_DOCUMENT_NAME_INVALID')
  }
})
