// @vitest-environment happy-dom
import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { BlockNoteEditor } from '@blocknote/core'
import { $createCodeNode, CodeHighlightNode, CodeNode } from '@lexical/code'
import { createHeadlessEditor } from '@lexical/headless'
import { $createLinkNode, LinkNode } from '@lexical/link'
import { $createListItemNode, $createListNode, ListItemNode, ListNode } from '@lexical/list'
import { $createHeadingNode, $createQuoteNode, HeadingNode, QuoteNode } from '@lexical/rich-text'
import { createBinding, syncLexicalUpdateToYjs, syncYjsChangesToLexical } from '@lexical/yjs'
import { $createTableNodeWithDimensions, TableCellNode, TableNode, TableRowNode } from '@lexical/table'
import { Editor } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import { Highlight } from '@tiptap/extension-highlight'
import { Image } from '@tiptap/extension-image'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { Mention } from '@tiptap/extension-mention'
import { Subscript } from '@tiptap/extension-subscript'
import { Superscript } from '@tiptap/extension-superscript'
import { TableKit } from '@tiptap/extension-table'
import { Color, TextStyle } from '@tiptap/extension-text-style'
import { StarterKit } from '@tiptap/starter-kit'
import {
  $createParagraphNode,
  $createTextNode,
  $getRoot,
  type LexicalEditor,
  type ParagraphNode,
} from 'lexical'
import Quill from 'quill'
import { afterAll, describe, expect, test } from 'vitest'
import { yCollab } from 'y-codemirror.next'
import { QuillBinding } from 'y-quill'
import * as Y from 'yjs'
import { readContent, readDocument, replaceContent, type EditorKind } from '../../src/documents/tree/index.ts'
import { exportDocument, exportFormats, RenderPool } from '../../src/exports/index.ts'

/** Of happy-dom; the project's own code has no DOM. */
declare const document: { createElement(name: string): Parameters<BlockNoteEditor['mount']>[0] }

const pool = new RenderPool()
afterAll(() => pool.close())

/** The document as a process sees it that has only its bytes. */
const stored = (doc: Y.Doc): Y.Doc => {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return copy
}

const expectExports = async (doc: Y.Doc, editor: EditorKind, words: readonly string[]): Promise<void> => {
  const reading = readDocument(stored(doc))
  expect(reading.editor).toBe(editor)
  for (const format of exportFormats) {
    const services = { pool, fetchImage: () => Promise.resolve(undefined) }
    const { bytes } = await exportDocument(reading, format, {}, services)
    expect(bytes.length, format).toBeGreaterThan(10)
    if (format === 'pdf' || format === 'docx') continue
    for (const word of words) expect(new TextDecoder().decode(bytes), format).toContain(word)
  }
}

describe('Tiptap', () => {
  const open = (doc: Y.Doc): Editor =>
    new Editor({
      element: document.createElement('div'),
      extensions: [
        StarterKit.configure({ undoRedo: false, trailingNode: false }),
        TaskList,
        TaskItem.configure({ nested: true }),
        TableKit,
        Image,
        Mention,
        Highlight.configure({ multicolor: true }),
        Subscript,
        Superscript,
        TextStyle,
        Color,
        Collaboration.configure({ document: doc }),
      ],
    })

  const typed = `<h2>A heading</h2><p>Some <strong>bold</strong>, <em>italic</em>, <u>underlined</u>, <s>struck</s>, <code>code</code>,
    H<sub>2</sub>O, x<sup>2</sup>, <mark data-color="#ffcc00">marked</mark>, <span style="color: rgb(200, 0, 0)">red</span> and
    <a href="https://example.com/">a link</a> by <span data-type="mention" data-id="u1" data-label="Ada">@Ada</span>.</p>
    <ol start="3"><li><p>third</p><ul><li><p>nested</p></li></ul></li></ol>
    <ul data-type="taskList"><li data-type="taskItem" data-checked="true"><p>done</p></li></ul>
    <table><tbody><tr><th colspan="2"><p>Merged</p></th></tr><tr><td><p>left</p></td><td><p>right</p></td></tr></tbody></table>
    <blockquote><p>quoted</p></blockquote><pre><code class="language-js">let a = 1</code></pre><hr><img src="https://example.com/a.png" alt="a picture"><p></p>`

  test('everything it types is exported', async () => {
    const doc = new Y.Doc()
    const editor = open(doc)
    editor.commands.setContent(typed)
    await expectExports(doc, 'tiptap', [
      'A heading',
      'italic',
      'nested',
      'Merged',
      'quoted',
      'let a = 1',
      '@Ada',
    ])
    editor.destroy()
  })

  test('JSON, HTML and Markdown put back change nothing', () => {
    const doc = new Y.Doc()
    const editor = open(doc)
    editor.commands.setContent(typed)
    const state = Y.encodeStateVector(doc)
    for (const format of ['json', 'html', 'md'] as const) {
      replaceContent(doc, format, readContent(stored(doc), format))
      expect(Y.encodeStateVector(doc), format).toEqual(state)
    }
    editor.destroy()
  })

  test('a new document of Markdown or HTML is the same tree, and its schema takes all of it', () => {
    const source = new Y.Doc()
    const writer = open(source)
    writer.commands.setContent(typed)
    for (const format of ['json', 'html', 'md'] as const) {
      const doc = new Y.Doc()
      replaceContent(doc, format, readContent(source, format))
      const editor = open(doc)
      expect(editor.getText(), format).toBe(writer.getText())
      // Had the schema refused a part, the editor would have removed it from the document.
      expect(readContent(stored(doc), format)).toBe(readContent(source, format))
      editor.destroy()
    }
    writer.destroy()
  })

  test('an open editor sees a replacement, and its cursor stays in the text it was in', () => {
    const doc = new Y.Doc()
    const editor = open(doc)
    editor.commands.setContent('<p>First</p><p>Second paragraph</p>')
    editor.commands.setTextSelection(14)
    const place = () => {
      const { parent, parentOffset } = editor.state.selection.$from
      return [parent.textContent, parentOffset]
    }
    const before = place()
    replaceContent(
      doc,
      'md',
      '# New\n\nFirst, changed\n\nSecond paragraph\n\n| a | b |\n| - | - |\n| 1 | 2 |',
    )
    expect(editor.getJSON().content?.map(({ type }) => type)).toEqual([
      'heading',
      'paragraph',
      'paragraph',
      'table',
    ])
    expect(before[0]).toBe('Second paragraph')
    expect(place()).toEqual(before)
    editor.destroy()
  })
})

test('Quill: everything it types is exported, and it takes a replacement', async () => {
  const doc = new Y.Doc()
  const text = doc.getText('quill')
  const quill = new Quill(document.createElement('div'))
  const binding = new QuillBinding(text, quill)
  quill.setContents(
    [
      { insert: 'A heading' },
      { insert: '\n', attributes: { header: 2 } },
      { insert: 'Some ' },
      { insert: 'bold', attributes: { bold: true } },
      { insert: ' and ' },
      { insert: 'a link', attributes: { link: 'https://example.com/' } },
      { insert: '\nfirst' },
      { insert: '\n', attributes: { list: 'ordered' } },
      { insert: 'nested' },
      { insert: '\n', attributes: { list: 'bullet', indent: 1 } },
      { insert: 'done' },
      { insert: '\n', attributes: { list: 'checked' } },
      { insert: 'quoted' },
      { insert: '\n', attributes: { blockquote: true } },
      { insert: 'let a = 1' },
      { insert: '\n', attributes: { 'code-block': 'plain' } },
      { insert: { image: 'https://example.com/a.png' } },
      { insert: '\n' },
    ],
    'user',
  )
  await expectExports(doc, 'quill', ['A heading', 'bold', 'nested', 'done', 'quoted', 'let a = 1'])
  expect(readContent(stored(doc), 'md')).toBe(
    '## A heading\n\nSome **bold** and [a link](<https://example.com/>)\n\n1. first\n   - nested\n\n- [x] done\n\n> quoted\n\n```\nlet a = 1\n```\n\n![](<https://example.com/a.png>)\n'.replace(
      '![](<https://example.com/a.png>)',
      '<img src="https://example.com/a.png">',
    ),
  )
  const before = text.toJSON()
  replaceContent(doc, 'md', readContent(stored(doc), 'md'))
  expect(text.toJSON()).toBe(before)
  replaceContent(doc, 'md', '# Other\n\nSome **bold** words\n\n- [ ] open')
  expect(quill.getText()).toBe('Other\nSome bold words\nopen\n')
  expect(quill.getContents().ops).toContainEqual({ insert: '\n', attributes: { list: 'unchecked' } })
  binding.destroy()
})

test('CodeMirror: everything it types is exported, and it takes a replacement', async () => {
  const doc = new Y.Doc()
  const text = doc.getText('codemirror')
  const view = new EditorView({
    state: EditorState.create({ extensions: [yCollab(text, null)] }),
    parent: document.createElement('div'),
  })
  const typed = 'const a = 1\n\n\tconst b = "\u{1F600}"\n'
  view.dispatch({ changes: { from: 0, insert: typed } })
  await expectExports(doc, 'text', ['const a = 1'])
  expect(readContent(stored(doc), 'text')).toBe(typed)
  replaceContent(doc, 'text', 'const a = 2\n\n\tconst b = "\u{1F601}"\n')
  expect(view.state.doc.toString()).toBe('const a = 2\n\n\tconst b = "\u{1F601}"\n')
  view.destroy()
})

test('BlockNote: everything it types is exported, and it takes a replacement', async () => {
  const doc = new Y.Doc()
  const editor = BlockNoteEditor.create({
    collaboration: {
      fragment: doc.getXmlFragment('document-store'),
      user: { name: 'Ada', color: '#ff0000' },
      provider: {},
    },
  })
  editor.mount(document.createElement('div'))
  editor.replaceBlocks(editor.document, [
    { type: 'heading', props: { level: 2 }, content: 'A heading' },
    {
      type: 'paragraph',
      content: [{ type: 'text', text: 'bold', styles: { bold: true, textColor: 'red' } }],
    },
    { type: 'numberedListItem', content: 'first', children: [{ type: 'bulletListItem', content: 'nested' }] },
    { type: 'checkListItem', props: { checked: true }, content: 'done' },
    { type: 'quote', content: 'quoted' },
    { type: 'codeBlock', props: { language: 'javascript' }, content: 'let a = 1' },
    { type: 'table', content: { type: 'tableContent', rows: [{ cells: ['left', 'right'] }] } },
  ])
  await expectExports(doc, 'blocknote', [
    'A heading',
    'bold',
    'nested',
    'done',
    'quoted',
    'let a = 1',
    'right',
  ])
  const state = Y.encodeStateVector(doc)
  const markdown = readContent(stored(doc), 'md')
  replaceContent(doc, 'md', markdown)
  expect(Y.encodeStateVector(doc)).toEqual(state)
  const [heading] = editor.document
  replaceContent(doc, 'md', `${markdown}\n\nOne more, **with marks**.\n\n1. a\n   - b`)
  expect(editor.document[0]?.id).toBe(heading?.id)
  expect(editor.blocksToHTMLLossy(editor.document)).toContain('One more, <strong>with marks</strong>.')
  expect(readContent(stored(doc), 'md')).toBe(`${markdown}\nOne more, **with marks**.\n\n1. a\n   - b\n`)
})

test('Lexical: everything it types is exported, and it takes a replacement', async () => {
  const doc = new Y.Doc()
  const editor = openLexical(doc)
  editor.update(
    () => {
      const heading = $createHeadingNode('h2').append($createTextNode('A heading'))
      const paragraph = $createParagraphNode().append(
        $createTextNode('Some '),
        $createTextNode('bold').toggleFormat('bold'),
        $createLinkNode('https://example.com/').append($createTextNode(' a link')),
      )
      const item = $createListItemNode().append($createTextNode('first'))
      const nested = $createListNode('bullet').append($createListItemNode().append($createTextNode('nested')))
      const list = $createListNode('number', 3).append(item, $createListItemNode().append(nested))
      const quote = $createQuoteNode().append($createTextNode('quoted'))
      const code = $createCodeNode('js').append($createTextNode('let a = 1'))
      const table = $createTableNodeWithDimensions(2, 2)
      const [row] = table.getChildren<TableRowNode>()
      row
        ?.getFirstChild<TableCellNode>()
        ?.getFirstChild<ParagraphNode>()
        ?.append($createTextNode('in a cell'))
      $getRoot().clear().append(heading, paragraph, list, quote, code, table)
    },
    { discrete: true },
  )
  await expectExports(doc, 'lexical', [
    'A heading',
    'bold',
    'a link',
    'first',
    'nested',
    'quoted',
    'let a = 1',
    'in a cell',
  ])
  const markdown = readContent(stored(doc), 'md')
  expect(markdown).toContain('## A heading\n\nSome **bold**[ a link](<https://example.com/>)\n\n3. first')
  const state = Y.encodeStateVector(doc)
  replaceContent(doc, 'md', markdown)
  expect(Y.encodeStateVector(doc)).toEqual(state)
  replaceContent(doc, 'md', `${markdown}\n\nOne *more*\n\n- a\n- b`)
  await expect.poll(() => editor.read(() => $getRoot().getTextContent())).toContain('One more')
  expect(
    editor.read(() =>
      $getRoot()
        .getChildren()
        .map((node) => node.getType()),
    ),
  ).toEqual(['heading', 'paragraph', 'list', 'quote', 'code', 'table', 'paragraph', 'list'])
})

/** A Lexical editor on the document, bound as its own plugin for React does it. */
const openLexical = (doc: Y.Doc): LexicalEditor => {
  const editor = createHeadlessEditor({
    nodes: [
      HeadingNode,
      QuoteNode,
      ListNode,
      ListItemNode,
      LinkNode,
      CodeNode,
      CodeHighlightNode,
      TableNode,
      TableRowNode,
      TableCellNode,
    ],
    onError: (error) => {
      throw error
    },
  })
  const awareness = {
    getLocalState: () => null,
    getStates: () => new Map(),
    on: () => undefined,
    off: () => undefined,
    setLocalState: () => undefined,
    setLocalStateField: () => undefined,
  }
  const provider = {
    awareness,
    connect: () => undefined,
    disconnect: () => undefined,
    on: () => undefined,
    off: () => undefined,
  }
  const binding = createBinding(editor, provider, 'root', doc, new Map([['root', doc]]))
  binding.root.getSharedType().observeDeep((events, transaction) => {
    if (transaction.origin !== binding) syncYjsChangesToLexical(binding, provider, events, false)
  })
  editor.registerUpdateListener((update) => {
    if (update.tags.has('skip-collab') || update.tags.has('collaboration')) return
    syncLexicalUpdateToYjs(
      binding,
      provider,
      update.prevEditorState,
      update.editorState,
      update.dirtyElements,
      update.dirtyLeaves,
      update.normalizedNodes,
      update.tags,
    )
  })
  return editor
}
