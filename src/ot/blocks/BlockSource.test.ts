import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { Delta } from '../delta.ts'
import { readOps } from '../read-ops.ts'
import { Sequencer } from '../Sequencer.ts'
import { BlockSource } from './BlockSource.ts'

type Node = string | [name: string, ...(Record<string, unknown> | Node)[]]

const build = (nodes: readonly Node[]): (Y.XmlElement | Y.XmlText)[] =>
  nodes.map((node) => {
    if (typeof node === 'string') return new Y.XmlText(node)
    const [name, ...rest] = node
    const element = new Y.XmlElement(name)
    for (const part of rest) {
      if (typeof part === 'object' && !Array.isArray(part)) {
        for (const [key, value] of Object.entries(part)) element.setAttribute(key, value as string)
      } else element.push(build([part]))
    }
    return element
  })

const open = (...nodes: Node[]) => {
  const document = new Y.Doc()
  const fragment = document.getXmlFragment('default')
  fragment.push(build(nodes))
  const source = new BlockSource(fragment)
  const sequencer = new Sequencer({
    source,
    userIdOf: () => 'yjs',
    ticket: () => 0,
    onVersions: () => undefined,
    onReset: () => {
      throw new Error('reset')
    },
  })
  let content = source.content()
  let version = 0
  let ids = 0
  /** What a client that applies each version has. */
  const followed = (): Delta => {
    for (; version < sequencer.log.version; version++)
      content = content.compose(sequencer.log.entryAfter(version).delta)
    return content
  }
  const submit = (ops: unknown, base = sequencer.log.version): string => {
    sequencer.submit({
      version: base,
      changes: readOps(ops),
      units: 'utf16',
      userId: 'a',
      opId: `${(ids += 1)}`,
      origin: 'a',
    })
    expect(followed().ops).toEqual(source.content().ops)
    expect(source.content().ops).toEqual(new BlockSource(fragment).content().ops)
    return fragment.toJSON()
  }
  return { document, fragment, source, sequencer, submit, followed }
}

const twoItems: Node = ['bulletList', ['listItem', ['paragraph', 'one']], ['listItem', ['paragraph', 'two']]]

describe('a Tiptap document as text', () => {
  it('is one line for each block of text', () => {
    const { source } = open(
      ['heading', { level: 1 }, 'Title'],
      ['paragraph', 'Some ', 'text', ['hardBreak']],
      twoItems,
      ['horizontalRule'],
      ['codeBlock', { language: 'js' }, 'a\nb'],
      ['paragraph'],
    )
    expect(source.content().ops).toEqual([
      { insert: 'Title' },
      { insert: '\n', attributes: { block: 'heading', level: 1 } },
      { insert: 'Some text' },
      { insert: { hardBreak: {} } },
      { insert: '\n', attributes: { block: 'paragraph' } },
      { insert: 'one' },
      { insert: '\n', attributes: { block: 'paragraph', in: 'bulletList/listItem' } },
      { insert: 'two' },
      { insert: '\n', attributes: { block: 'paragraph', in: 'bulletList/listItem' } },
      { insert: '\n', attributes: { block: 'horizontalRule' } },
      { insert: 'a\nb' },
      { insert: '\n', attributes: { block: 'codeBlock', language: 'js' } },
      { insert: '\n', attributes: { block: 'paragraph' } },
    ])
  })
})

describe('edits by position', () => {
  it.each<[string, Node[], unknown, string]>([
    [
      'typing',
      [['paragraph', 'Hello World']],
      [{ position: 6, insert: 'big ' }],
      '<paragraph>Hello big World</paragraph>',
    ],
    [
      'typing into an empty paragraph',
      [['paragraph']],
      [{ position: 0, insert: 'x' }],
      '<paragraph>x</paragraph>',
    ],
    ['typing into an empty document', [], [{ position: 0, insert: 'x' }], '<paragraph>x</paragraph>'],
    [
      'two lines into an empty document',
      [],
      [{ insert: 'x\ny' }],
      '<paragraph>x</paragraph><paragraph>y</paragraph>',
    ],
    [
      'at the end',
      [['paragraph', 'a']],
      [{ position: 2, insert: 'b' }],
      '<paragraph>a</paragraph><paragraph>b</paragraph>',
    ],
    [
      'bold',
      [['paragraph', 'Hello World']],
      [{ position: 6, retain: 5, attributes: { bold: true } }],
      '<paragraph>Hello <bold>World</bold></paragraph>',
    ],
    [
      'a line break splits',
      [['heading', { level: 1 }, 'ab']],
      [{ position: 1, insert: '\n' }],
      '<heading level="1">a</heading><heading level="1">b</heading>',
    ],
    [
      'a line break at the end of a heading',
      [['heading', { level: 1 }, 'ab']],
      [{ position: 2, insert: '\nc' }],
      '<heading level="1">ab</heading><paragraph>c</paragraph>',
    ],
    [
      'a line break at the beginning',
      [['paragraph', 'ab']],
      [{ position: 0, insert: 'x\n' }],
      '<paragraph>x</paragraph><paragraph>ab</paragraph>',
    ],
    [
      'a line break in a list',
      [twoItems],
      [{ position: 1, insert: '\n' }],
      '<bulletlist><listitem><paragraph>o</paragraph></listitem><listitem><paragraph>ne</paragraph></listitem><listitem><paragraph>two</paragraph></listitem></bulletlist>',
    ],
    [
      'a line break in code',
      [['codeBlock', 'ab']],
      [{ position: 1, insert: '\n' }],
      '<codeblock>a\nb</codeblock>',
    ],
    [
      'a merge keeps the first block',
      [
        ['heading', { level: 2 }, 'ab'],
        ['paragraph', 'cd'],
      ],
      [{ position: 2, delete: 1 }],
      '<heading level="2">abcd</heading>',
    ],
    [
      'a merge in a list',
      [twoItems],
      [{ position: 3, delete: 1 }],
      '<bulletlist><listitem><paragraph>onetwo</paragraph></listitem></bulletlist>',
    ],
    [
      'a delete over three blocks',
      [
        ['paragraph', 'abc'],
        ['paragraph', 'def'],
        ['paragraph', 'ghi'],
      ],
      [{ position: 1, delete: 8 }],
      '<paragraph>ahi</paragraph>',
    ],
    ['all', [['paragraph', 'abc'], twoItems], [{ delete: 12 }], ''],
    [
      'the last line break cannot go',
      [['paragraph', 'abc']],
      [{ position: 3, delete: 1 }],
      '<paragraph>abc</paragraph>',
    ],
    [
      'text before a rule',
      [['paragraph', 'a'], ['horizontalRule']],
      [{ position: 2, insert: 'x' }],
      '<paragraph>a</paragraph><paragraph>x</paragraph><horizontalrule></horizontalrule>',
    ],
    [
      'a hard break within a text',
      [['paragraph', 'abcd']],
      [{ position: 2, insert: { hardBreak: {} } }],
      '<paragraph>ab<hardbreak></hardbreak>cd</paragraph>',
    ],
    [
      'a delete around a hard break',
      [['paragraph', 'ab', ['hardBreak'], 'cd']],
      [{ position: 1, delete: 3 }],
      '<paragraph>ad</paragraph>',
    ],
    [
      'a cell that would become empty keeps a paragraph',
      [['table', ['tableRow', ['tableCell', ['paragraph', 'a']], ['tableCell', ['paragraph', 'b']]]]],
      [{ position: 1, delete: 1 }],
      '<table><tablerow><tablecell><paragraph>ab</paragraph></tablecell><tablecell><paragraph></paragraph></tablecell></tablerow></table>',
    ],
  ])('%s', (_, nodes, ops, expected) => {
    expect(open(...nodes).submit(ops)).toBe(expected)
  })
})

describe('edits by block', () => {
  const nodes: Node[] = [
    ['heading', { level: 1 }, 'Title'],
    ['paragraph', { id: 'p1' }, 'first'],
    ['paragraph', 'second'],
  ]
  it.each<[string, unknown, string]>([
    [
      'text in the third block',
      [{ block: 2, offset: 6, insert: '!' }],
      '<heading level="1">Title</heading><paragraph id="p1">first</paragraph><paragraph>second!</paragraph>',
    ],
    [
      'text in the block of an id',
      [{ block: 'p1', delete: 5, insert: 'erst' }],
      '<heading level="1">Title</heading><paragraph id="p1">erst</paragraph><paragraph>second</paragraph>',
    ],
    [
      'text in the last block',
      [{ block: -1, insert: '> ' }],
      '<heading level="1">Title</heading><paragraph id="p1">first</paragraph><paragraph>&gt; second</paragraph>',
    ],
    [
      'a block after a block',
      [{ insertBlock: 'heading', attributes: { level: 2 }, text: 'New', after: 0 }],
      '<heading level="1">Title</heading><heading level="2">New</heading><paragraph id="p1">first</paragraph><paragraph>second</paragraph>',
    ],
    [
      'a block before a block',
      [{ insertBlock: 'paragraph', text: 'New', before: 0 }],
      '<paragraph>New</paragraph><heading level="1">Title</heading><paragraph id="p1">first</paragraph><paragraph>second</paragraph>',
    ],
    [
      'a block at the end',
      [{ insertBlock: 'codeBlock', text: 'a\nb' }],
      '<heading level="1">Title</heading><paragraph id="p1">first</paragraph><paragraph>second</paragraph><codeblock>a\nb</codeblock>',
    ],
    [
      'two items of a list',
      [
        { insertBlock: 'paragraph', attributes: { in: 'bulletList/listItem' }, text: 'one' },
        { insertBlock: 'paragraph', attributes: { in: 'bulletList/listItem' }, text: 'two' },
      ],
      '<heading level="1">Title</heading><paragraph id="p1">first</paragraph><paragraph>second</paragraph><bulletlist><listitem><paragraph>one</paragraph></listitem><listitem><paragraph>two</paragraph></listitem></bulletlist>',
    ],
    [
      'a rule',
      [{ insertBlock: 'horizontalRule', after: 0 }],
      '<heading level="1">Title</heading><horizontalrule></horizontalrule><paragraph id="p1">first</paragraph><paragraph>second</paragraph>',
    ],
    [
      'a block goes',
      [{ deleteBlock: 'p1' }],
      '<heading level="1">Title</heading><paragraph>second</paragraph>',
    ],
    [
      'several, each about the blocks of the version',
      [{ deleteBlock: 0 }, { block: 1, insert: '1. ' }, { block: 2, insert: '2. ' }],
      '<paragraph id="p1">1. first</paragraph><paragraph>2. second</paragraph>',
    ],
    [
      'another level',
      [{ setBlock: 0, attributes: { level: 3 } }],
      '<heading level="3">Title</heading><paragraph id="p1">first</paragraph><paragraph>second</paragraph>',
    ],
    [
      'another type',
      [{ setBlock: 'p1', attributes: { block: 'heading', level: 2 } }],
      '<heading level="1">Title</heading><heading id="p1" level="2">first</heading><paragraph>second</paragraph>',
    ],
  ])('%s', (_, ops, expected) => {
    expect(
      open(...nodes)
        .submit(ops)
        .replaceAll('> second', '&gt; second'),
    ).toBe(expected)
  })

  it('an index means the block that it had in the version of the edit', () => {
    const { fragment, submit } = open(...nodes)
    fragment.insert(0, build([['paragraph', 'pushed in']]))
    fragment.insert(3, build([['paragraph', 'and here']]))
    expect(submit([{ block: 1, insert: '>>' }], 0)).toContain('<paragraph id="p1">>>first</paragraph>')
    expect(submit([{ block: 1, insert: '##' }], 1)).toContain('##Title')
  })

  it.each([
    ['no such index', [{ block: 9, insert: 'x' }]],
    ['no such id', [{ deleteBlock: 'nope' }]],
    ['past the end of the block', [{ block: 1, offset: 6, insert: 'x' }]],
    ['a delete past the end of the block', [{ block: 1, delete: 6 }]],
    ['a block that no editor knows', [{ insertBlock: 'marquee' }]],
    ['a mark that no editor knows', [{ position: 0, retain: 2, attributes: { sparkle: true } }]],
    ['an embed that no editor knows', [{ insert: { video: {} } }]],
    ['a level that does not exist', [{ setBlock: 0, attributes: { level: 9 } }]],
    ['a container that no editor knows', [{ insertBlock: 'paragraph', attributes: { in: 'sidebar' } }]],
  ])('%s is refused, and nothing changes', (_, ops) => {
    const { submit, fragment, sequencer } = open(...nodes)
    const before = fragment.toJSON()
    expect(() => submit(ops)).toThrow(expect.objectContaining({ errorCode: 'CODRAFT_EDIT_INVALID' }))
    expect(fragment.toJSON()).toBe(before)
    expect(sequencer.log.version).toBe(0)
  })
})

it('a cursor stands at the same place for both kinds of client', () => {
  const { source } = open(['heading', { level: 1 }, 'Title'], ['paragraph'], twoItems)
  for (let index = 0; index < source.content().length(); index++) {
    expect(source.toIndex(JSON.parse(JSON.stringify(source.toRelative(index))))).toBe(index)
  }
})
