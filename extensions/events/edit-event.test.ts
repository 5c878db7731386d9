import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { countEdit, editEvent } from './edit-event.ts'

/** The updates of some edits of one text. */
const updatesOf = (...edits: ((text: Y.Text, document: Y.Doc) => void)[]): Uint8Array[] => {
  const document = new Y.Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  for (const edit of edits) document.transact(() => edit(document.getText('text'), document))
  return updates
}

it('counts the characters that an edit inserts and deletes', () => {
  const [typed, erased, replaced] = updatesOf(
    (text) => text.insert(0, 'hello wörld'),
    (text) => text.delete(0, 6),
    (text) => {
      text.delete(0, 2)
      text.insert(0, 'abc')
    },
  )
  expect(countEdit(typed!)).toEqual({ inserted: 11, deleted: 0 })
  expect(countEdit(erased!)).toEqual({ inserted: 0, deleted: 6 })
  expect(countEdit(replaced!)).toEqual({ inserted: 3, deleted: 2 })
})

it('counts a formatting mark as nothing and an embed as one', () => {
  const [, bold, embed] = updatesOf(
    (text) => text.insert(0, 'hello'),
    (text) => text.format(0, 5, { bold: true }),
    (text) => text.insertEmbed(0, { image: 'a.png' }),
  )
  expect(countEdit(bold!)).toEqual({ inserted: 0, deleted: 0 })
  expect(countEdit(embed!)).toEqual({ inserted: 1, deleted: 0 })
})

it('holds the merged update, who made what, and an id that is the same every time', () => {
  const updates = updatesOf(
    (text) => text.insert(0, 'ann'),
    (text) => text.insert(3, ' and bob'),
    (text) => text.delete(0, 1),
  )
  const record = { position: 7, time: 1_000, updates, origins: [{ userId: 'ann' }, { userId: 'bob' }, {}] }
  const event = editEvent('journal', 'notes', record)
  expect(event).toMatchObject({
    id: 'journal:notes:7',
    type: 'document.edited',
    time: 1_000,
    documentName: 'notes',
    data: {
      position: 7,
      edits: 3,
      inserted: 11,
      deleted: 1,
      authors: [
        { userId: 'ann', edits: 1, inserted: 3, deleted: 0 },
        { userId: 'bob', edits: 1, inserted: 8, deleted: 0 },
        { edits: 1, inserted: 0, deleted: 1 },
      ],
    },
  })
  expect(event.userId).toBeUndefined()
  expect(editEvent('journal', 'notes', record).id).toBe(event.id)
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Buffer.from(event.data.update, 'base64'))
  expect(copy.getText('text').toJSON()).toBe('nn and bob')
})

it('merges thousands of updates in little time', () => {
  const updates = updatesOf(
    ...Array.from({ length: 5_000 }, (_, i) => (text: Y.Text) => text.insert(i % 7 === 0 ? 0 : i, 'x')),
  )
  const record = { position: 1, updates, origins: updates.map(() => ({ userId: 'ann' })) }
  const event = editEvent('journal', 'notes', record)
  expect(event.userId).toBe('ann')
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Buffer.from(event.data.update, 'base64'))
  expect(copy.getText('text').length).toBe(5_000)
})
