import { expect, test } from 'vitest'
import { errorCatalogue } from '../../extensions/errors.ts'
import { explain, explanations } from './problem.ts'

test('every code that is explained is one that the server sends', () => {
  expect(Object.keys(errorCatalogue)).toEqual(expect.arrayContaining(Object.keys(explanations)))
})

test('the code is found wherever the reason holds it', () => {
  const reasons = [
    'CODRAFT_DOCUMENT_FORBIDDEN',
    'CODRAFT_DOCUMENT_FORBIDDEN: no role',
    'Failed to get token during sendToken(): Error: CODRAFT_DOCUMENT_FORBIDDEN',
  ]
  for (const reason of reasons) {
    expect(explain(reason)).toMatchObject({ code: 'CODRAFT_DOCUMENT_FORBIDDEN', blocking: true })
  }
})

test('a reason that is not known is passed on, not hidden', () => {
  expect(explain('CODRAFT_SOMETHING_NEW: detail').text).toContain('CODRAFT_SOMETHING_NEW')
  expect(explain('')).toMatchObject({ code: undefined, blocking: false, passing: false })
})
