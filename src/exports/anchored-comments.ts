import { fromBase64 } from 'lib0/buffer'
import * as Y from 'yjs'
import { readThreads, type Anchor, type Thread } from '../documents/comment-threads.ts'
import { commentsDocumentOf } from '../documents/comments-document.ts'
import type { DocumentReader } from '../documents/read-stored.ts'
import { readDocument, type DocumentReading } from '../documents/tree/index.ts'
import { detectRoot } from '../documents/tree/read/roots.ts'
import type { ExportComment } from './ExportOptions.ts'

/** What a file is made of. */
export interface ExportSource {
  readonly reading: DocumentReading
  /** `Y.encodeStateVector`, in base64. */
  readonly stateVector: string
  /** Of the threads that are not resolved, the oldest thread first. */
  readonly comments: readonly ExportComment[]
}

/**
 * Reads a document at one instant, with comment marks where its unresolved threads are. Resolves to undefined when
 * nothing was ever written to it.
 *
 * @throws {CodraftError} CODRAFT_CONTENT_TOO_LARGE, CODRAFT_DOCUMENT_CORRUPT
 */
export const readSource = async (
  read: DocumentReader,
  documentName: string,
  { includeComments }: { readonly includeComments: boolean },
): Promise<ExportSource | undefined> => {
  // Before the document, which then has all that they are about.
  const all = includeComments ? await read(commentsDocumentOf(documentName), readThreads) : undefined
  const threads = (all ?? []).filter(({ resolved }) => !resolved)
  return read(documentName, (document) => ({
    reading: readMarked(document, threads),
    stateVector: Buffer.from(Y.encodeStateVector(document)).toString('base64'),
    comments: threads.flatMap(commentsOf),
  }))
}

const readMarked = (document: Y.Doc, threads: readonly Thread[]): DocumentReading => {
  const anchored = threads.filter(({ anchor }) => anchor)
  if (anchored.length === 0) return readDocument(document)
  const root = detectRoot(document)
  const copy = new Y.Doc()
  try {
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(document))
    // A root has no type before it is named.
    if (root.editor === 'quill') copy.getText(root.root)
    copy.transact(() => {
      for (const [index, { id, anchor }] of anchored.entries()) mark(copy, anchor as Anchor, id, index)
    })
    return readDocument(copy, root)
  } finally {
    copy.destroy()
  }
}

/** Of a range of several texts only the part in the last one is marked: a note stands at its end. */
const mark = (document: Y.Doc, anchor: Anchor, id: string, index: number): void => {
  const start = placeOf(document, anchor.start)
  const end = placeOf(document, anchor.end)
  if (!start || !end || !(end.type instanceof Y.Text)) return
  const from = start.type === end.type ? start.index : 0
  // Each in an attribute of its own, as y-prosemirror stores marks that overlap.
  const attribute = `comment--${String(index).padStart(8, '0')}`
  if (from < end.index) end.type.format(from, end.index - from, { [attribute]: { id } })
}

/** Anybody may have written anything as an anchor. */
const placeOf = (document: Y.Doc, position: string): Y.AbsolutePosition | undefined => {
  try {
    const relative = Y.decodeRelativePosition(fromBase64(position))
    return Y.createAbsolutePositionFromRelativePosition(relative, document) ?? undefined
  } catch {
    return undefined
  }
}

const commentsOf = ({ id, quote, comments }: Thread): ExportComment[] =>
  comments.map(({ author, text, createdAt }, index) => {
    const date = new Date(createdAt)
    return {
      id,
      author: author.name,
      text,
      ...(Number.isNaN(date.getTime()) ? {} : { date: date.toISOString() }),
      ...(index === 0 && quote !== '' ? { quote } : {}),
    }
  })
