import type { Doc } from 'yjs'
import { mergeIntoDocument } from '../merge/document.ts'
import { readDocument } from '../read/document.ts'
import { readText } from '../read/text.ts'
import { editText } from './edit-text.ts'
import { editTree } from './edit-tree.ts'

/** An edit in Markdown, of the document as it is at that moment: no positions, no versions. */
export type ContentEdit =
  /** Adds to the end. */
  | { readonly append: string }
  /** Adds to the end of the section that this heading begins. */
  | { readonly heading: string; readonly insert: string }
  /** Replaces a text that the document has once. */
  | { readonly find: string; readonly replace: string }

/**
 * Applies edits, one after the other, as one change that merges with what others type. A plain text document takes
 * everything as it is.
 *
 * @throws {CodraftError} CODRAFT_EDIT_INVALID when a heading or a text is not there, or there more than once;
 *   CODRAFT_CONTENT_TOO_LARGE; the document is then unchanged
 */
export const editContent = (doc: Doc, edits: readonly ContentEdit[], origin?: unknown): void => {
  const { tree, text, root, editor } = readDocument(doc)
  const place = { root, editor, origin }
  if (text === undefined) mergeIntoDocument(doc, edits.reduce(editTree, tree), place)
  else {
    const edited = edits.reduce(editText, text)
    mergeIntoDocument(doc, readText(edited), { ...place, text: edited })
  }
}
