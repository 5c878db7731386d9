import * as Y from 'yjs'
import { entriesOf, isXmlElement, piecesOf, type YjsType } from './yjs.ts'

/** The editor that a document's content belongs to; `text` is plain text, such as CodeMirror's. */
export type EditorKind = 'tiptap' | 'prosemirror' | 'blocknote' | 'quill' | 'lexical' | 'text'

/** Where a document has its content. */
export interface DocumentRoot {
  /** Name of the root type, such as `default` of Tiptap. */
  readonly root: string
  readonly editor: EditorKind
}

/** The names that the editors' own examples and bindings use. */
const usualEditors: Readonly<Record<string, EditorKind>> = {
  default: 'tiptap',
  prosemirror: 'prosemirror',
  'document-store': 'blocknote',
  root: 'lexical',
  quill: 'quill',
  codemirror: 'text',
}

const emptyDocument: DocumentRoot = { root: 'default', editor: 'tiptap' }

/**
 * Finds the root that holds the content, and the editor that wrote it, by what is stored; never touches the document.
 * Of several, the one with content under a usual name comes first. An empty document counts as Tiptap's.
 */
export const detectRoot = (doc: Y.Doc, wanted: Partial<DocumentRoot> = {}): DocumentRoot => {
  const found: { root: string; editor: EditorKind; rank: number }[] = []
  for (const [root, type] of doc.share) {
    if (wanted.root !== undefined && root !== wanted.root) continue
    const hasContent = type._start !== null
    const editor = detectEditor(root, type as YjsType) ?? (hasContent ? undefined : usualEditors[root])
    if (editor === undefined) continue
    found.push({ root, editor, rank: (hasContent ? 0 : 2) + (root in usualEditors ? 0 : 1) })
  }
  const [best] = found.sort((a, b) => a.rank - b.rank)
  const root = best?.root ?? wanted.root ?? emptyDocument.root
  const editor = wanted.editor ?? best?.editor ?? usualEditors[root] ?? emptyDocument.editor
  return { root, editor }
}

const detectEditor = (root: string, type: YjsType): EditorKind | undefined => {
  if (type instanceof Y.XmlText) return 'lexical'
  let isText = type instanceof Y.Text
  let isXml = type instanceof Y.XmlFragment
  for (const piece of isXml || isText || isUntyped(type) ? piecesOf(type) : []) {
    if ('type' in piece) {
      if ('__type' in entriesOf(piece.type)) return 'lexical'
      if (isXmlElement(piece.type) && piece.type.nodeName === 'blockGroup') return 'blocknote'
      isXml ||=
        piece.type instanceof Y.XmlElement || piece.type instanceof Y.Text || piece.type instanceof Y.XmlHook
    } else isText = true
    if (isXml || isText) break
  }
  if (isText) return hasFormats(type) ? 'quill' : (usual(root, 'quill', 'text') ?? 'text')
  if (isXml)
    return (
      usual(root, 'prosemirror', 'blocknote', 'tiptap') ??
      (hasProseMirrorNames(type) ? 'prosemirror' : 'tiptap')
    )
  return undefined
}

const isUntyped = (type: YjsType): boolean => type.constructor === Y.AbstractType

const usual = (root: string, ...possible: EditorKind[]): EditorKind | undefined => {
  const editor = usualEditors[root]
  return editor !== undefined && possible.includes(editor) ? editor : undefined
}

const hasFormats = (type: YjsType): boolean => {
  for (let item = type._start; item !== null; item = item.right) {
    if (item.content instanceof Y.ContentFormat || item.content instanceof Y.ContentEmbed) return true
  }
  return false
}

/** Names with an underscore are ProseMirror's habit. */
const hasProseMirrorNames = (type: YjsType): boolean => {
  for (const piece of piecesOf(type)) {
    if ('type' in piece && isXmlElement(piece.type) && piece.type.nodeName.includes('_')) return true
  }
  return false
}
