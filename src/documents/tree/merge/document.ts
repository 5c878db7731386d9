import * as Y from 'yjs'
import { proseMirrorNames } from '../names.ts'
import { isBlockNoteDefault } from '../read/blocknote.ts'
import { readDocument, type DocumentReading, type ReadOptions } from '../read/document.ts'
import type { DocumentRoot } from '../read/roots.ts'
import type { DocumentTree } from '../tree.ts'
import { writeJson, type ProseMirrorNode } from '../write/json.ts'
import { writeText } from '../write/plain.ts'
import { blockNoteNodes } from './blocknote.ts'
import { keepUnchanged } from './keep-unchanged.ts'
import { mergeLexical } from './lexical.ts'
import { mergePlainText, mergeQuill } from './quill.ts'
import { placeImages } from './place-images.ts'
import { mergeXml } from './xml.ts'

export interface MergeOptions extends ReadOptions {
  /** Origin of the Yjs transaction. */
  readonly origin?: unknown
  /**
   * Writes a tree in the format that the new one came in. With it, blocks that read the same as before in that format
   * keep what the format cannot say: comments, colours, attributes.
   */
  readonly write?: (tree: DocumentTree) => string
  /** The source of the new content, when it is plain text: a plain text document takes it exactly. */
  readonly text?: string
}

/**
 * Replaces a document's content by an edit that merges with what others type at the same time: one transaction that
 * changes what differs, so that blocks which stay the same keep their identity, and open editors see the rest happen.
 * The content is stored as its editor stores it; an empty document counts as Tiptap's unless `editor` and `root` say otherwise.
 *
 * An open editor removes nodes and marks that its schema lacks; give it the extensions that the content needs.
 *
 * @returns where the content is stored
 * @throws {CodraftError} CODRAFT_CONTENT_TOO_LARGE, when the present content is past the limits
 */
export const mergeIntoDocument = (
  doc: Y.Doc,
  tree: DocumentTree,
  options: MergeOptions = {},
): DocumentRoot => {
  const present = readDocument(doc, options)
  const { root, editor } = present
  const wanted = options.write ? keepUnchanged(present.tree, tree, options.write) : tree
  doc.transact(() => {
    switch (editor) {
      case 'tiptap':
      case 'prosemirror':
        return mergeXml(doc.getXmlFragment(root), proseMirrorNodes(present, wanted))
      case 'blocknote':
        return mergeXml(doc.getXmlFragment(root), blockNoteNodes(wanted), isBlockNoteDefault)
      case 'quill':
        return mergeQuill(doc.getText(root), wanted)
      case 'lexical':
        return mergeLexical(doc.get(root, Y.XmlText), wanted)
      case 'text':
        return mergePlainText(doc.getText(root), options.text ?? writeText(wanted))
    }
  }, options.origin)
  return { root, editor }
}

/** ProseMirror's own schema has images within lines only; Tiptap's has them as blocks unless it is told otherwise. */
const proseMirrorNodes = (present: DocumentReading, tree: DocumentTree): readonly ProseMirrorNode[] => {
  const isProseMirror = present.editor === 'prosemirror'
  const names = isProseMirror ? { ...proseMirrorNames, ...present.names } : present.names
  const content = placeImages(tree.content, isProseMirror || present.imagesInLines)
  return writeJson({ type: 'doc', content }, names).content ?? []
}
