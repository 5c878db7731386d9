import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { readContent, replaceContent } from '../content.ts'
import { editContent, type ContentEdit } from './edit-content.ts'

const open = (markdown: string): Y.Doc => {
  const doc = new Y.Doc()
  if (markdown !== '') replaceContent(doc, 'md', markdown)
  return doc
}
const edited = (markdown: string, ...edits: ContentEdit[]): string => {
  const doc = open(markdown)
  editContent(doc, edits)
  return readContent(doc, 'md')
}

const plan = '# Plan\n\nGoals.\n\n## Steps\n\n- one\n- two\n\n## Risks\n\nNone.\n'

describe('an edit of a document', () => {
  it.each<[string, string, ContentEdit, string]>([
    ['append to nothing', '', { append: '# New\n\ntext' }, '# New\n\ntext\n'],
    [
      'append what Markdown can say',
      'a\n',
      { append: '| x | y |\n| --- | --- |\n| 1 | 2 |\n\n- [x] done\n- [ ] open' },
      'a\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n\n- [x] done\n- [ ] open\n',
    ],
    [
      'insert at the end of a section',
      plan,
      { heading: 'Steps', insert: 'And more.' },
      plan.replace('- two\n', '- two\n\nAnd more.\n'),
    ],
    ['a section holds those below it', plan, { heading: 'Plan', insert: '## End' }, `${plan}\n## End\n`],
    ['replace within a line', 'a *b* c\n', { find: 'c', replace: 'd' }, 'a *b* d\n'],
    ['replace across marks', 'a **bold** c\n', { find: 'bold c', replace: 'x' }, 'a **x**\n'],
    ['replace by nothing', 'a b c\n', { find: ' b', replace: '' }, 'a c\n'],
    ['keep the spaces', 'a b c\n', { find: ' b ', replace: ' **and** ' }, 'a **and** c\n'],
    ['in a list', plan, { find: 'two', replace: 'three' }, plan.replace('two', 'three')],
    ['in code', '```js\na *b*\n```\n', { find: '*b*', replace: '**b**' }, '```js\na **b**\n```\n'],
    [
      'Markdown that was read',
      plan,
      { find: '## Steps', replace: '### Stages' },
      plan.replace('## Steps', '### Stages'),
    ],
    [
      'several blocks',
      plan,
      { find: '- one\n- two\n', replace: 'Nothing to do.\n' },
      plan.replace('- one\n- two\n', 'Nothing to do.\n'),
    ],
    ['one block by several', 'a\n\nb\n', { find: 'a', replace: 'x\n\ny' }, 'x\n\ny\n\nb\n'],
  ])('%s', (_, before, edit, after) => {
    expect(edited(before, edit)).toBe(after)
  })

  it('keeps the marks around it, and what Markdown cannot say', () => {
    const doc = new Y.Doc()
    const marks = [{ type: 'comment', attrs: { id: 'c1' } }]
    const text = (text: string) => ({ type: 'paragraph', content: [{ type: 'text', text, marks }] })
    replaceContent(doc, 'json', JSON.stringify({ type: 'doc', content: [text('one two'), text('three')] }))
    editContent(doc, [
      { find: 'two', replace: '2' },
      { find: 'three', replace: '# 3\n\nx' },
      { append: 'end' },
    ])
    const { content } = JSON.parse(readContent(doc, 'json')) as { content: unknown[] }
    expect(content[0]).toEqual(text('one 2'))
    expect(content.slice(1)).toMatchObject([
      { type: 'heading', content: [{ text: '3' }] },
      { type: 'paragraph', content: [{ text: 'x' }] },
      { type: 'paragraph', content: [{ text: 'end' }] },
    ])
  })

  it('goes before an empty paragraph at the end, where people go on to write', () => {
    const doc = new Y.Doc()
    doc.getXmlFragment('default').insert(0, [new Y.XmlElement('paragraph')])
    editContent(doc, [{ append: 'first' }])
    expect(doc.getXmlFragment('default').toJSON()).toBe('<paragraph>first</paragraph>')
    doc.getXmlFragment('default').push([new Y.XmlElement('paragraph')])
    editContent(doc, [{ append: 'second' }])
    expect(doc.getXmlFragment('default').toJSON()).toBe(
      '<paragraph>first</paragraph><paragraph>second</paragraph><paragraph></paragraph>',
    )
  })

  it('merges with what somebody types at the same time', () => {
    const doc = open('The quick fox.\n\nThe end.\n')
    const other = new Y.Doc()
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
    const [text] = (other.getXmlFragment('default').get(0) as Y.XmlElement).toArray() as Y.XmlText[]
    text?.insert(4, 'very ')
    editContent(doc, [{ find: 'fox', replace: 'dog' }, { append: 'Really.' }])
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
    expect(readContent(doc, 'md')).toBe('The very quick dog.\n\nThe end.\n\nReally.\n')
  })

  it.each<[string, ContentEdit, string]>([
    ['no such heading', { heading: 'Goals', insert: 'x' }, 'no such heading'],
    ['no such text', { find: 'absent', replace: 'x' }, 'no such text'],
    ['a text that is there twice', { find: 'o', replace: 'x' }, 'times'],
  ])('%s is refused, and nothing is changed', (_, edit, message) => {
    const doc = open(plan)
    expect(() => editContent(doc, [{ append: 'lost' }, edit])).toThrow(message)
    expect(readContent(doc, 'md')).toBe(plan)
  })
})

describe('an edit of a plain text', () => {
  it('takes everything as it is', () => {
    const doc = new Y.Doc()
    doc.getText('codemirror').insert(0, '# A\na * b\n# B\nx')
    editContent(doc, [{ heading: 'A', insert: '**c**' }, { find: ' * ', replace: ' ** ' }, { append: 'end' }])
    expect(doc.getText('codemirror').toJSON()).toBe('# A\na ** b\n**c**\n# B\nx\nend')
  })
})
