import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { addReply, addThread, editComment } from '../documents/comment-threads.ts'
import { mentionsIn } from './mentions.ts'

/** The update that `change` makes. */
const updateOf = (document: Y.Doc, change: () => void): Uint8Array => {
  const before = Y.encodeStateVector(document)
  change()
  return Y.encodeStateAsUpdate(document, before)
}

const mention = (id: string): Y.XmlElement => {
  const element = new Y.XmlElement('mention')
  element.setAttribute('id', id)
  element.setAttribute('label', `Name of ${id}`)
  return element
}

const ann = { id: 'ann', name: 'Ann' }
const comment = (id: string, mentioned: readonly string[]) => ({
  id,
  author: ann,
  text: 'Look',
  createdAt: 1,
  mentions: mentioned.map((id) => ({ id, name: id })),
})

describe('mentions', () => {
  it('are elements with an id, and nothing else that has one', () => {
    const document = new Y.Doc()
    const fragment = document.getXmlFragment('default')
    const update = updateOf(document, () => {
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.setAttribute('id', 'p1')
      fragment.insert(0, [paragraph])
      paragraph.insert(0, [new Y.XmlText('Hello '), mention('bob'), mention('eve'), mention('bob')])
    })
    expect(mentionsIn(update)).toEqual(['bob', 'eve'])
    expect(
      mentionsIn(updateOf(document, () => (fragment.get(0) as Y.XmlElement).insert(0, [new Y.XmlText('x')]))),
    ).toEqual([])
  })

  it('are embeds of Quill', () => {
    const document = new Y.Doc()
    const update = updateOf(document, () => {
      document
        .getText('quill')
        .applyDelta([{ insert: { mention: { id: 'bob', value: 'Bob' } } }, { insert: { image: 'x' } }])
    })
    expect(mentionsIn(update)).toEqual(['bob'])
  })

  it('are in new comments and replies, not in those that are edited', () => {
    const document = new Y.Doc()
    const thread = { id: 't', anchor: undefined, quote: '' }
    const first = updateOf(document, () => addThread(document, thread, comment('c1', ['bob'])))
    expect(mentionsIn(first)).toEqual(['bob'])
    expect(
      mentionsIn(updateOf(document, () => addReply(document, 't', comment('c2', ['eve', 'bob'])))),
    ).toEqual(['eve', 'bob'])
    const edit = { text: 'Look again', mentions: [{ id: 'eve', name: 'Eve' }], editedAt: 2 }
    expect(mentionsIn(updateOf(document, () => editComment(document, 't', 'c2', edit)))).toEqual([])
  })

  it('that are malformed are none', () => {
    const document = new Y.Doc()
    const update = updateOf(document, () => {
      const map = document.getMap('threads')
      map.set('mentions', [null, 1, { id: 7 }, { id: '' }, 'bob'])
      const nameless = new Y.XmlElement('mention')
      document.getXmlFragment('default').insert(0, [nameless])
      document.getText('t').insertEmbed(0, { mention: null })
    })
    expect(mentionsIn(update)).toEqual([])
  })
})
