import type * as Y from 'yjs'
import type { TreeLimits } from './limits.ts'
import { mergeIntoDocument } from './merge/document.ts'
import { readDocument, type DocumentReading, type ReadOptions } from './read/document.ts'
import { readHtml } from './read/html.ts'
import { readJson } from './read/json.ts'
import { readMarkdown } from './read/markdown.ts'
import type { DocumentRoot } from './read/roots.ts'
import { readText } from './read/text.ts'
import type { DocumentTree } from './tree.ts'
import { writeHtml } from './write/html.ts'
import { writeJson } from './write/json.ts'
import { writeMarkdown } from './write/markdown.ts'
import { writeText } from './write/plain.ts'

/** The formats in which content is read and written; `json` is ProseMirror's, as text. */
export const contentFormats = ['json', 'text', 'html', 'md'] as const
export type ContentFormat = (typeof contentFormats)[number]

/**
 * Reads content of a format.
 *
 * @throws {CodraftError} CODRAFT_CONTENT_INVALID, CODRAFT_CONTENT_TOO_LARGE
 */
export const parseContent = (
  format: ContentFormat,
  source: string,
  limits?: Partial<TreeLimits>,
): DocumentTree => {
  switch (format) {
    case 'json':
      return readJson(source, limits)
    case 'text':
      return readText(source, limits)
    case 'html':
      return readHtml(source, limits)
    case 'md':
      return readMarkdown(source, limits)
  }
}

/** Writes content in a format: JSON in the document's own names, and a plain text document's text exactly as it is. */
export const formatContent = (
  format: ContentFormat,
  { tree, names, text }: Pick<DocumentReading, 'tree' | 'names' | 'text'>,
): string => {
  switch (format) {
    case 'json':
      return JSON.stringify(writeJson(tree, names))
    case 'text':
      return text ?? writeText(tree)
    case 'html':
      return writeHtml(tree)
    case 'md':
      return writeMarkdown(tree)
  }
}

/** The content of a document in a format; the document is not changed. */
export const readContent = (doc: Y.Doc, format: ContentFormat, options?: ReadOptions): string =>
  formatContent(format, readDocument(doc, options))

export interface ReplaceOptions extends ReadOptions {
  /** Origin of the Yjs transaction. */
  readonly origin?: unknown
  /** What the source was read as, where that is known already. */
  readonly tree?: DocumentTree | undefined
}

/**
 * Replaces the content of a document by an edit that merges with what others type, see {@link mergeIntoDocument}.
 * What the format cannot say (Markdown has no comments) stays on the blocks that it leaves as they are.
 *
 * @throws {CodraftError} CODRAFT_CONTENT_INVALID, CODRAFT_CONTENT_TOO_LARGE; the document is then unchanged
 */
export const replaceContent = (
  doc: Y.Doc,
  format: ContentFormat,
  source: string,
  { origin, tree: parsed, ...options }: ReplaceOptions = {},
): DocumentRoot => {
  const tree = parsed ?? parseContent(format, source, options.limits)
  return mergeIntoDocument(doc, tree, {
    ...options,
    origin,
    ...(format === 'json'
      ? {}
      : { write: (tree: DocumentTree) => formatContent(format, { tree, names: {} }) }),
    ...(format === 'text' ? { text: source } : {}),
  })
}
