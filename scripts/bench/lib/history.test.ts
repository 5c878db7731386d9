import { expect, test } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import { makeHistory } from './history.ts'

test('the updates of a history make up its document, the same each time', () => {
  const history = makeHistory(3000, 3, '<end>')
  const document = new Doc()
  for (const update of history.updates) applyUpdate(document, update)
  expect(document.getText('bench').toJSON()).toBe(history.text)
  expect(history.text).toContain('<end>')
  expect(encodeStateVector(document)).toEqual(history.stateVector)
  expect(encodeStateAsUpdate(document)).toHaveLength(history.stateBytes)
  expect(makeHistory(3000, 3, '<end>').text).toBe(history.text)
})
