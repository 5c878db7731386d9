import { decodeJwt } from 'jose'
import { toBase64 } from 'lib0/buffer'
import * as Y from 'yjs'
import { CodraftError } from '../../extensions/errors.ts'
import {
  addReply,
  addThread,
  readThreads,
  type Anchor,
  type NewComment,
} from '../documents/comment-threads.ts'
import { commentsDocumentOf } from '../documents/comments-document.ts'
import { detectRoot } from '../documents/tree/read/roots.ts'
import type { DocumentsApi } from './DocumentsApi.ts'

/** A thread as an agent reads it. */
export interface ThreadSummary {
  readonly thread: string
  /** The text that it is about. */
  readonly quote: string
  readonly isResolved: boolean
  readonly comments: readonly { readonly author: string; readonly text: string }[]
}

/** The comments on documents, written under the name of an agent that works for a user. */
export class DocumentComments {
  readonly #api: DocumentsApi
  readonly #token: string
  readonly #agent: string

  constructor(api: DocumentsApi, token: string, agent: string) {
    this.#api = api
    this.#token = token
    this.#agent = agent
  }

  async list(documentName: string): Promise<ThreadSummary[]> {
    const comments = await this.#api.load(commentsDocumentOf(documentName))
    return readThreads(comments).map(({ id, quote, resolved, comments }) => ({
      thread: id,
      quote,
      isResolved: resolved !== undefined,
      comments: comments.map(({ author, text }) => ({ author: author.name, text })),
    }))
  }

  /**
   * Begins a thread, about `quote` or about the document as a whole.
   *
   * @throws {CodraftError} CODRAFT_EDIT_INVALID when the document does not have the quote exactly once, within one block
   */
  async begin(documentName: string, text: string, quote: string | undefined): Promise<void> {
    const anchor = quote === undefined ? undefined : anchorOf(await this.#api.load(documentName), quote)
    await this.#change(documentName, (comments) =>
      addThread(comments, { id: crypto.randomUUID(), anchor, quote: quote ?? '' }, this.#comment(text)),
    )
  }

  /** @throws {CodraftError} CODRAFT_EDIT_INVALID when there is no such thread */
  async reply(documentName: string, thread: string, text: string): Promise<void> {
    await this.#change(documentName, (comments) => {
      if (!readThreads(comments).some(({ id }) => id === thread))
        throw new CodraftError('CODRAFT_EDIT_INVALID', 'the document has no such thread')
      addReply(comments, thread, this.#comment(text))
    })
  }

  async #change(documentName: string, change: (comments: Y.Doc) => void): Promise<void> {
    const name = commentsDocumentOf(documentName)
    const comments = await this.#api.load(name)
    const before = Y.encodeStateVector(comments)
    change(comments)
    await this.#api.applyUpdate(name, Y.encodeStateAsUpdate(comments, before))
  }

  #comment(text: string): NewComment {
    const { sub = '', name } = decodeJwt(this.#token)
    const author = { id: sub, name: `${this.#agent} (${typeof name === 'string' ? name : sub})` }
    return { id: crypto.randomUUID(), author, text, mentions: [], createdAt: Date.now() }
  }
}

const anchorOf = (document: Y.Doc, quote: string): Anchor => {
  const { root } = detectRoot(document)
  const places = textsOf(document.get(root, Y.XmlFragment)).flatMap((text) => {
    const at = plainText(text).indexOf(quote)
    const isOnce = at >= 0 && plainText(text).indexOf(quote, at + 1) < 0
    return at < 0 ? [] : [{ text, at, isOnce }]
  })
  const [place, ...others] = places
  if (!place?.isOnce || others.length > 0) {
    const count = place ? 'more than once' : 'nowhere'
    throw new CodraftError('CODRAFT_EDIT_INVALID', `the quote stands ${count} within a block of the document`)
  }
  const encode = (index: number): string =>
    toBase64(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(place.text, index)))
  return { start: encode(place.at), end: encode(place.at + quote.length) }
}

const textsOf = (container: Y.XmlFragment | Y.XmlElement): Y.XmlText[] =>
  container
    .toArray()
    .flatMap((child) =>
      child instanceof Y.XmlText ? [child] : child instanceof Y.XmlElement ? textsOf(child) : [],
    )

/** One character for each place of the text. */
const plainText = (text: Y.XmlText): string =>
  (text.toDelta() as { insert: unknown }[])
    .map(({ insert }) => (typeof insert === 'string' ? insert : '\ufffc'))
    .join('')
