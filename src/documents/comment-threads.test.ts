import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import {
  addReply,
  addThread,
  deleteComment,
  editComment,
  observeThreads,
  readThreads,
  resolveThread,
} from './comment-threads.ts'

const ann = { id: 'ann', name: 'Ann' }
const bob = { id: 'bob', name: 'Bob' }
const anchor = { start: 'AA==', end: 'AQ==' }
const comment = (id: string, text: string, at = 1) => ({
  id,
  author: ann,
  text,
  mentions: [bob],
  createdAt: at,
})

const replicas = (): [Y.Doc, Y.Doc, () => void] => {
  const [one, other] = [new Y.Doc(), new Y.Doc()]
  const exchange = () => {
    Y.applyUpdate(other, Y.encodeStateAsUpdate(one))
    Y.applyUpdate(one, Y.encodeStateAsUpdate(other))
  }
  return [one, other, exchange]
}

describe('threads', () => {
  test('are read by another replica as they were written', () => {
    const [one, other, exchange] = replicas()
    addThread(one, { id: 't1', anchor, quote: 'the plan' }, comment('c1', 'Why, @Bob?'))
    exchange()
    addReply(other, 't1', { ...comment('c2', 'Because.', 2), author: bob, mentions: [] })
    resolveThread(other, 't1', { by: bob, at: 3 })
    exchange()
    expect(readThreads(one)).toEqual([
      {
        id: 't1',
        anchor,
        quote: 'the plan',
        createdAt: 1,
        resolved: { by: bob, at: 3 },
        comments: [
          { ...comment('c1', 'Why, @Bob?'), editedAt: undefined },
          { ...comment('c2', 'Because.', 2), author: bob, mentions: [], editedAt: undefined },
        ],
      },
    ])
    resolveThread(one, 't1', undefined)
    expect(readThreads(one)[0]?.resolved).toBeUndefined()
  })

  test('keep replies of two people who write at the same time', () => {
    const [one, other, exchange] = replicas()
    addThread(one, { id: 't1', anchor: undefined, quote: '' }, comment('c1', 'first'))
    exchange()
    addReply(one, 't1', comment('c2', 'one'))
    addReply(other, 't1', comment('c3', 'other'))
    exchange()
    expect(readThreads(one)).toEqual(readThreads(other))
    expect(
      readThreads(one)[0]
        ?.comments.map(({ text }) => text)
        .sort(),
    ).toEqual(['first', 'one', 'other'])
  })

  test('are changed and go with their last comment', () => {
    const doc = new Y.Doc()
    let changes = 0
    observeThreads(doc, () => (changes += 1))
    addThread(doc, { id: 't1', anchor, quote: '' }, comment('c1', 'frist'))
    editComment(doc, 't1', 'c1', { text: 'first', mentions: [], editedAt: 5 })
    expect(readThreads(doc)[0]?.comments[0]).toMatchObject({ text: 'first', mentions: [], editedAt: 5 })
    editComment(doc, 't1', 'gone', { text: '', mentions: [], editedAt: 6 })
    deleteComment(doc, 't1', 'c1')
    addReply(doc, 't1', comment('c2', 'too late'))
    expect(readThreads(doc)).toEqual([])
    expect(changes).toBe(3)
  })

  test('are skipped where somebody has written another shape', () => {
    const doc = new Y.Doc()
    const root = doc.getMap('threads')
    root.set('text', 'no thread')
    root.set('empty', new Y.Map())
    root.set('nameless', new Y.Map([['comments', Y.Array.from([new Y.Map([['text', 'x']])])]]))
    root.set('odd', new Y.Map([['comments', new Y.Map()]]))
    addThread(doc, { id: 't1', anchor, quote: '' }, comment('c1', 'fine'))
    expect(readThreads(doc).map(({ id }) => id)).toEqual(['t1'])
  })
})
