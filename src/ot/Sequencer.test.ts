import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { readOps } from './read-ops.ts'
import { Sequencer, type Edit } from './Sequencer.ts'
import { TextSource } from './TextSource.ts'

const open = (content: string) => {
  const document = new Y.Doc()
  const text = document.getText('text')
  text.insert(0, content)
  let resets = 0
  const sequencer = new Sequencer({
    source: new TextSource(text),
    userIdOf: (origin) => (typeof origin === 'string' ? origin : ''),
    ticket: () => 0,
    onVersions: () => undefined,
    onReset: () => {
      resets += 1
    },
  })
  let ids = 0
  const submit = (userId: string, ops: unknown, more: Partial<Edit> = {}): void =>
    sequencer.submit({
      version: 0,
      changes: readOps(ops),
      units: 'utf16',
      userId,
      opId: `${(ids += 1)}`,
      origin: userId,
      ...more,
    })
  return { document, text, sequencer, submit, resets: () => resets }
}

describe('two edits of the same version', () => {
  it.each([
    ['a', 'b', 'Hello Big Beautiful World'],
    ['b', 'a', 'Hello Beautiful Big World'],
  ])('two inserts at one place: the lower user id comes first (%s, %s)', (big, beautiful, expected) => {
    for (const order of [0, 1]) {
      const { text, submit } = open('Hello World')
      const edits = [
        () => submit(big, [{ position: 6, insert: 'Big ' }]),
        () => submit(beautiful, [{ position: 6, insert: 'Beautiful ' }]),
      ]
      edits[order]?.()
      edits[1 - order]?.()
      expect(text.toJSON()).toBe(expected)
    }
  })

  it.each([
    ['overlap on the left', [2, 4], [4, 4], 'ab89'],
    ['overlap on the right', [4, 4], [2, 4], 'ab89'],
    ['one within the other', [2, 6], [4, 2], 'ab89'],
    ['the same', [3, 3], [3, 3], 'abc6789'],
    ['side by side', [0, 2], [2, 2], '456789'],
  ])('two deletes: %s', (_, [firstAt, firstLength], [secondAt, secondLength], expected) => {
    const { text, submit } = open('abc3456789')
    submit('a', [{ position: firstAt, delete: firstLength }])
    submit('b', [{ position: secondAt, delete: secondLength }])
    expect(text.toJSON()).toBe(expected)
  })

  it('text inserted into a range that is deleted meanwhile stays', () => {
    const { text, submit } = open('Hello cruel World')
    submit('a', [{ position: 6, delete: 6 }])
    submit('b', [{ position: 9, insert: 'NEW ' }])
    expect(text.toJSON()).toBe('Hello NEW World')
  })

  it('a delete around an insert leaves the insert', () => {
    const { text, submit } = open('Hello cruel World')
    submit('b', [{ position: 9, insert: 'NEW ' }])
    submit('a', [{ position: 6, delete: 6 }])
    expect(text.toJSON()).toBe('Hello NEW World')
  })

  it('an edit on a version that a Yjs client has moved on from', () => {
    const { document, text, submit, sequencer } = open('Hello World')
    document.transact(() => text.insert(0, '>> '), 'yjs')
    submit('a', [{ position: 11, insert: '!' }])
    expect(text.toJSON()).toBe('>> Hello World!')
    expect(sequencer.log.version).toBe(2)
    expect(sequencer.log.entryAfter(0).userId).toBe('yjs')
  })
})

describe('ops', () => {
  it('several with positions apply one after the other', () => {
    const { text, submit } = open('Hello World')
    submit('a', [
      { position: 0, delete: 5, insert: 'Good bye' },
      { position: 8, insert: ',' },
    ])
    expect(text.toJSON()).toBe('Good bye, World')
  })

  it('attributes and embeds', () => {
    const { text, submit } = open('Hello World')
    submit('a', [{ retain: 6 }, { retain: 5, attributes: { bold: true } }, { insert: { image: 'a.png' } }])
    expect(text.toDelta()).toEqual([
      { insert: 'Hello ' },
      { insert: 'World', attributes: { bold: true } },
      { insert: { image: 'a.png' } },
    ])
  })

  it('an attribute that is there already changes nothing, and the log says what the document holds', () => {
    const { submit, sequencer, text } = open('Hello')
    submit('a', [{ retain: 5, attributes: { bold: true } }])
    submit('a', [{ retain: 5, attributes: { bold: true } }], { version: 1 })
    submit('a', [{ position: 5, insert: '!', attributes: { bold: null } }], { version: 2 })
    expect(sequencer.log.version).toBe(3)
    expect(text.toDelta()).toEqual([{ insert: 'Hello', attributes: { bold: true } }, { insert: '!' }])
  })

  it('code points, as Python counts them', () => {
    const { text, submit } = open('👋🏽 Hello')
    submit(
      'a',
      [
        { position: 2, delete: 1, insert: ' 😀 ' },
        { position: 5, delete: 5, insert: 'Bye' },
      ],
      {
        units: 'codepoint',
      },
    )
    expect(text.toJSON()).toBe('👋🏽 😀 Bye')
  })

  it.each([
    ['a negative position', [{ position: -1, insert: 'x' }]],
    ['half a position', [{ position: 0.5, insert: 'x' }]],
    ['a huge position', [{ position: 2 ** 52, insert: 'x' }]],
    ['a position that is no number', [{ position: '1', insert: 'x' }]],
    ['a delete past the end', [{ position: 8, delete: 4 }]],
    ['a retain past the end', [{ retain: 99 }, { insert: 'x' }]],
    ['a position within a character', [{ position: 1, insert: 'x' }]],
    ['a delete of half a character', [{ position: 0, delete: 1 }]],
    ['half a character', [{ position: 0, insert: '\ud83d' }]],
    ['no op', [{}]],
    ['null', [null]],
    ['not a list', 'x'],
    ['nested too deeply', [{ insert: JSON.parse('{"a":'.repeat(30) + '1' + '}'.repeat(30)) as unknown }]],
    ['an empty embed', [{ insert: {} }]],
  ])('%s is refused, and nothing changes', (_, ops) => {
    const { text, submit, sequencer } = open('👋 Hello')
    expect(() => submit('a', ops)).toThrow(expect.objectContaining({ errorCode: 'CODRAFT_EDIT_INVALID' }))
    expect(text.toJSON()).toBe('👋 Hello')
    expect(sequencer.log.version).toBe(0)
  })

  it.each([-1, 1, 1.5, NaN])('version %s is unknown', (version) => {
    const { submit } = open('Hello')
    expect(() => submit('a', [{ insert: 'x' }], { version })).toThrow(
      expect.objectContaining({ errorCode: 'CODRAFT_VERSION_UNKNOWN' }),
    )
  })
})

it('a Yjs client that splits a character makes everybody take the content anew', () => {
  const { text, resets, sequencer } = open('👋 Hello')
  text.insert(1, 'x')
  expect(resets()).toBe(1)
  expect(sequencer.log.version).toBe(1)
  expect(sequencer.log.oldest).toBe(1)
})
