import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import {
  contentFormats,
  mergeIntoDocument,
  parseContent,
  readContent,
  readDocument,
  replaceContent,
} from './index.ts'

const stateOf = (doc: Y.Doc): string => Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64')
const loaded = (doc: Y.Doc): Y.Doc => {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return copy
}
const documentOf = (markdown: string): Y.Doc => {
  const doc = new Y.Doc()
  replaceContent(doc, 'md', markdown)
  return doc
}
const xml = (doc: Y.Doc, root = 'default'): string => {
  const fragment = doc.getXmlFragment(root)
  // oxlint-disable-next-line typescript/no-base-to-string -- it has a text form of its own
  return fragment.toString()
}

describe('reading', () => {
  test('changes nothing: no root appears, none gets a type', () => {
    const doc = loaded(documentOf('# Title\n\nText'))
    const roots = [...doc.share].map(([name, type]) => [name, type.constructor.name])
    const state = stateOf(doc)
    for (const format of contentFormats) readContent(doc, format)
    readContent(doc, 'text', { root: 'absent' })
    expect([...doc.share].map(([name, type]) => [name, type.constructor.name])).toEqual(roots)
    expect(stateOf(doc)).toBe(state)
  })

  test('of an empty document gives an empty tree', () => {
    expect(readDocument(new Y.Doc())).toMatchObject({
      root: 'default',
      editor: 'tiptap',
      tree: { type: 'doc', content: [] },
    })
  })

  test('keeps nodes and marks that it does not know, with their text', () => {
    const doc = new Y.Doc()
    const callout = new Y.XmlElement('callout')
    const text = new Y.XmlText()
    text.insert(0, 'careful', { glow: { strength: 2 } })
    callout.setAttribute('tone', 'warning')
    callout.insert(0, [text])
    doc.getXmlFragment('default').insert(0, [callout])
    const json = JSON.parse(readContent(doc, 'json')) as unknown
    expect(json).toEqual({
      type: 'doc',
      content: [
        {
          type: 'callout',
          attrs: { tone: 'warning' },
          content: [{ type: 'text', text: 'careful', marks: [{ type: 'glow', attrs: { strength: 2 } }] }],
        },
      ],
    })
    for (const format of contentFormats) expect(readContent(doc, format)).toContain('careful')
  })

  test('survives hooks, embeds, bare text, half characters and 20,000 levels', () => {
    const doc = new Y.Doc()
    const fragment = doc.getXmlFragment('default')
    const bare = new Y.XmlText()
    bare.insert(0, 'half \uD83D of it')
    bare.insertEmbed(4, { image: 'https://example.com/a.png' })
    fragment.insert(0, [bare, new Y.XmlHook('widget') as unknown as Y.XmlElement])
    doc.transact(() => {
      let parent: Y.XmlFragment = fragment
      for (let level = 0; level < 20_000; level++) {
        const quote = new Y.XmlElement('blockquote')
        parent.insert(parent.length, [quote])
        parent = quote
      }
      const deep = new Y.XmlText()
      deep.insert(0, 'at the bottom')
      parent.insert(0, [deep])
    })
    for (const format of contentFormats) {
      const content = readContent(loaded(doc), format)
      expect(content).toContain('at the bottom')
      expect(content.isWellFormed()).toBe(true)
    }
  })

  test('refuses a document past its limits', () => {
    const doc = documentOf('one\n\ntwo\n\nthree')
    expect(() => readContent(doc, 'text', { limits: { nodes: 3 } })).toThrow('CODRAFT_CONTENT_TOO_LARGE')
    expect(() => readContent(doc, 'text', { limits: { characters: 5 } })).toThrow('CODRAFT_CONTENT_TOO_LARGE')
    expect(() => parseContent('md', '> '.repeat(300))).toThrow('CODRAFT_CONTENT_TOO_LARGE')
    expect(() => parseContent('html', '<div><blockquote>'.repeat(300))).toThrow('CODRAFT_CONTENT_TOO_LARGE')
    expect(() => parseContent('html', '<b>x'.repeat(1_000_000))).toThrow('CODRAFT_CONTENT_TOO_LARGE')
  })

  test('refuses what is no document', () => {
    for (const source of ['{', '[]', '{"type":"paragraph"}', '{"type":"doc","content":[{}]}']) {
      expect(() => parseContent('json', source)).toThrow('CODRAFT_CONTENT_INVALID')
    }
  })
})

describe('writing', () => {
  test('HTML has no script, whatever the document holds', () => {
    const doc = new Y.Doc()
    replaceContent(
      doc,
      'json',
      JSON.stringify({
        type: 'doc',
        content: [
          { type: 'image', attrs: { src: 'javascript:alert(1)', alt: '"><script>' } },
          {
            type: 'paragraph',
            attrs: { textAlign: '"onload="x' },
            content: [
              {
                type: 'text',
                text: '<script>',
                marks: [{ type: 'link', attrs: { href: ' java\nscript:alert(1)' } }],
              },
              {
                type: 'text',
                text: 'x',
                marks: [{ type: 'textStyle', attrs: { color: 'red;background:url(//x)' } }],
              },
            ],
          },
          { type: '<img src=x onerror=alert(1)>' },
        ],
      }),
    )
    const html = readContent(doc, 'html')
    expect(html).not.toMatch(/<script|<img src=x|javascript:|url\(/i)
    expect(html).toContain('&lt;script&gt;')
  })
})

describe('replacing', () => {
  test('leaves what stays the same untouched, and changes only words elsewhere', () => {
    const doc = documentOf('# Title\n\nThe quick brown fox.\n\nLast.')
    const [title, fox, last] = doc.getXmlFragment('default').toArray()
    const before = Y.encodeStateVector(doc)
    replaceContent(doc, 'md', '# Title\n\nNew.\n\nThe quick red fox.\n\nLast.')
    const after = doc.getXmlFragment('default').toArray()
    expect([after[0], after[2], after[3]]).toEqual([title, fox, last])
    const change = Buffer.from(Y.encodeStateAsUpdate(doc, before)).toString()
    expect(change).toContain('red')
    expect(change).not.toContain('quick')
  })

  test('the same content changes nothing at all, in any format', () => {
    const doc = documentOf('1. **a**\n2. _b_ [c](https://example.com)\n\n| x | y |\n| - | - |\n| 1 | 2 |')
    const state = stateOf(doc)
    for (const format of contentFormats) {
      replaceContent(doc, format, readContent(doc, format))
      expect(stateOf(doc), format).toBe(state)
    }
  })

  test('merges with what somebody types at the same time', () => {
    const doc = documentOf('First paragraph.\n\nSecond paragraph.')
    const other = loaded(doc)
    const paragraph = other.getXmlFragment('default').get(1) as Y.XmlElement
    const text = paragraph.get(0) as Y.XmlText
    text.insert(text.length, ' Typed meanwhile.')
    replaceContent(doc, 'md', '# New title\n\nFirst paragraph, changed.\n\nSecond paragraph.')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
    expect(readContent(doc, 'md')).toBe(
      '# New title\n\nFirst paragraph, changed.\n\nSecond paragraph. Typed meanwhile.\n',
    )
    expect(xml(other)).toBe(xml(doc))
  })

  test('keeps what Markdown cannot say on the blocks that stay', () => {
    const doc = new Y.Doc()
    const text = (words: string, comment?: string) => ({
      type: 'text',
      text: words,
      ...(comment ? { marks: [{ type: 'threads', attrs: { id: comment } }] } : {}),
    })
    const paragraph = (...content: object[]) => ({ type: 'paragraph', attrs: { id: 'p1' }, content })
    const content = [
      paragraph(text('Keep '), text('this', 'c1')),
      { type: 'paragraph', content: [text('Change')] },
    ]
    replaceContent(doc, 'json', JSON.stringify({ type: 'doc', content }))
    const markdown = readContent(doc, 'md')
    replaceContent(doc, 'md', `${markdown}\n\nMore.`)
    expect(JSON.parse(readContent(doc, 'json'))).toMatchObject({ content: [content[0], content[1], {}] })
  })

  test('a long document is replaced within seconds, however much of it differs', () => {
    const words = (seed: number) =>
      Array.from({ length: 10 }, (_, index) => `w${(seed * 31 + index * 7) % 997}`).join(' ')
    const source = (seed: number) =>
      Array.from({ length: 10_000 }, (_, index) => words(index * seed)).join('\n\n')
    const doc = documentOf(source(1))
    const half = source(1)
      .split('\n\n')
      .map((text, index) => (index % 7 === 0 ? `${text} more` : text))
    for (const next of [half.join('\n\n'), source(2)]) {
      const startedAt = performance.now()
      replaceContent(doc, 'md', next)
      expect(performance.now() - startedAt).toBeLessThan(15_000)
      expect(readContent(doc, 'md')).toBe(`${next}\n`)
    }
  })

  test('is one transaction with its origin, and none when the source is refused', () => {
    const doc = documentOf('Text')
    const origins: unknown[] = []
    doc.on('afterTransaction', ({ origin, changed }: Y.Transaction) => {
      if (changed.size > 0) origins.push(origin)
    })
    replaceContent(doc, 'md', '# Other\n\nText', { origin: 'rest' })
    expect(() => replaceContent(doc, 'json', '{}')).toThrow('CODRAFT_CONTENT_INVALID')
    expect(origins).toEqual(['rest'])
  })

  test('a version is restored as an edit', () => {
    const doc = documentOf('One\n\nTwo')
    const version = loaded(doc)
    replaceContent(doc, 'md', 'Three')
    mergeIntoDocument(doc, readDocument(version).tree)
    expect(readContent(doc, 'md')).toBe('One\n\nTwo\n')
  })

  test('a plain text document takes the text exactly', () => {
    const doc = new Y.Doc()
    const text = doc.getText('codemirror')
    text.insert(0, 'const a = 1\n\n\n  const b = 2 \u{1F600}\n')
    expect(readContent(loaded(doc), 'text')).toBe(text.toJSON())
    replaceContent(doc, 'text', 'const a = 1\n\n\n  const c = 2 \u{1F601}\n')
    expect(text.toJSON()).toBe('const a = 1\n\n\n  const c = 2 \u{1F601}\n')
  })

  test("uses ProseMirror's own names where the document does", () => {
    const doc = new Y.Doc()
    doc.getXmlFragment('prosemirror')
    replaceContent(doc, 'md', '3. **a**\n\n![x](y.png)', { root: 'prosemirror' })
    expect(JSON.parse(readContent(doc, 'json'))).toMatchObject({
      content: [
        { type: 'ordered_list', attrs: { order: 3 }, content: [{ type: 'list_item' }] },
        { type: 'image' },
      ],
    })
    expect(xml(doc, 'prosemirror')).toContain('<paragraph><image')
  })
})
