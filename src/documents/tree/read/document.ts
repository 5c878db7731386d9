import type * as Y from 'yjs'
import { documentLimits, type TreeLimits } from '../limits.ts'
import { isTextBlockName, markTypeOf, nodeTypeOf, type Names } from '../names.ts'
import { normalise } from '../normalise.ts'
import { isRawText, type RawElement } from '../RawBuilder.ts'
import type { DocumentTree } from '../tree.ts'
import { unpackBlockNote } from './blocknote.ts'
import { readLexical } from './lexical.ts'
import { readQuill } from './quill.ts'
import { detectRoot, type DocumentRoot } from './roots.ts'
import { buildText } from './text.ts'
import { readXml } from './xml.ts'
import { piecesOf, type YjsType } from './yjs.ts'

export interface ReadOptions extends Partial<DocumentRoot> {
  readonly limits?: Partial<TreeLimits>
}

/** A document as it is now. */
export interface DocumentReading extends DocumentRoot {
  readonly tree: DocumentTree
  /** The document's own names of nodes and marks, where they are not Tiptap's. */
  readonly names: Names
  /** Images are parts of lines, and not blocks. */
  readonly imagesInLines: boolean
  /** Of a plain text document: its text, exactly. */
  readonly text?: string
}

/**
 * Reads a document into the tree, without schema or DOM. The document is not changed in any way.
 *
 * @param options `root` and `editor`, when they are known; otherwise they are detected
 * @throws {CodraftError} CODRAFT_CONTENT_TOO_LARGE
 */
export const readDocument = (doc: Y.Doc, options: ReadOptions = {}): DocumentReading => {
  const { root, editor } = detectRoot(doc, options)
  const type = doc.share.get(root) as YjsType | undefined
  const limits = documentLimits(options.limits)
  if (!type) return { root, editor, names: {}, imagesInLines: false, tree: { type: 'doc', content: [] } }
  const raw = build(type, editor, limits)
  const tree = normalise(editor === 'blocknote' ? unpackBlockNote(raw) : raw)
  return { root, editor, ...habitsOf(raw), tree, ...(editor === 'text' ? { text: plainText(type) } : {}) }
}

const build = (type: YjsType, editor: DocumentRoot['editor'], limits: TreeLimits): RawElement => {
  switch (editor) {
    case 'tiptap':
    case 'prosemirror':
      return readXml(type, limits)
    case 'blocknote':
      // Each of its blocks takes two levels.
      return readXml(type, { ...limits, depth: limits.depth * 2 })
    case 'quill':
      return readQuill(type, limits)
    case 'lexical':
      return readLexical(type, limits)
    case 'text':
      return buildText(plainText(type), limits)
  }
}

/** The text of a plain text document, exactly. */
const plainText = (type: YjsType): string => {
  let text = ''
  for (const piece of piecesOf(type)) if ('text' in piece) text += piece.text
  return text
}

const habitsOf = (root: RawElement): Pick<DocumentReading, 'names' | 'imagesInLines'> => {
  const names: Record<string, string> = {}
  let imagesInLines = false
  const visit = (element: RawElement): void => {
    for (const child of element.children) {
      for (const mark of child.marks) note(names, markTypeOf(mark.name), mark.name)
      if (isRawText(child)) continue
      const type = nodeTypeOf(child.name)
      note(names, type, child.name)
      if (type === 'image' && isTextBlockName(element.name)) imagesInLines = true
      visit(child)
    }
  }
  visit(root)
  return { names, imagesInLines }
}

const note = (names: Record<string, string>, type: string | undefined, name: string): void => {
  if (type !== undefined && type !== name) names[type] ??= name
}
