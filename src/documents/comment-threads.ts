import * as Y from 'yjs'

/**
 * The comment threads of a document, as its companion document of comments holds them (docs/guide/comments.md). Everybody
 * who may comment can write anything there, so what is read is checked; what has another shape is left out.
 */
export interface Thread {
  readonly id: string
  /** Where it is; undefined for a thread about the document as a whole. */
  readonly anchor: Anchor | undefined
  /** The text that it was about when it was begun. */
  readonly quote: string
  /** ms since the epoch. */
  readonly createdAt: number
  readonly resolved: { readonly by: Person; readonly at: number } | undefined
  /** In the order in which they were written; never empty. */
  readonly comments: readonly Comment[]
}

/** A range of the main document, as Yjs relative positions: it stays with its text, whatever is written around it. */
export interface Anchor {
  /** `Y.encodeRelativePosition`, in base64. */
  readonly start: string
  readonly end: string
}

export interface Person {
  readonly id: string
  readonly name: string
}

export interface Comment {
  readonly id: string
  /** As the client that wrote it says. */
  readonly author: Person
  readonly text: string
  /** Who is mentioned in the text, each as `@` and the name. */
  readonly mentions: readonly Person[]
  readonly createdAt: number
  readonly editedAt: number | undefined
}

export type NewComment = Pick<Comment, 'id' | 'author' | 'text' | 'mentions' | 'createdAt'>

type Fields = Y.Map<unknown>

/** The root type: a `Y.Map` of threads by their id. */
const rootOf = (document: Y.Doc): Y.Map<Fields> => document.getMap('threads')

/** Every thread, the oldest first. */
export const readThreads = (document: Y.Doc): Thread[] =>
  [...rootOf(document)]
    .map(([id, fields]) => readThread(id, fields))
    .filter((thread) => thread !== undefined)
    .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))

/** Calls back after each change of the threads. */
export const observeThreads = (document: Y.Doc, changed: () => void): void =>
  rootOf(document).observeDeep(changed)

export const addThread = (
  document: Y.Doc,
  thread: Pick<Thread, 'id' | 'anchor' | 'quote'>,
  first: NewComment,
): void =>
  document.transact(() => {
    const { id, anchor, quote } = thread
    const fields: Fields = new Y.Map<unknown>(Object.entries({ quote, createdAt: first.createdAt }))
    if (anchor) fields.set('anchor', { ...anchor })
    fields.set('comments', Y.Array.from([commentFields(first)]))
    rootOf(document).set(id, fields)
  })

/** Adds a comment to a thread that is still there. */
export const addReply = (document: Y.Doc, threadId: string, comment: NewComment): void => {
  commentsOf(document, threadId)?.push([commentFields(comment)])
}

/** Changes the text of a comment. */
export const editComment = (
  document: Y.Doc,
  threadId: string,
  commentId: string,
  change: Pick<Comment, 'text' | 'mentions'> & { readonly editedAt: number },
): void =>
  document.transact(() => {
    const fields = commentsOf(document, threadId)
      ?.toArray()
      .find((comment) => comment.get('id') === commentId)
    if (!fields) return
    for (const [name, value] of Object.entries({ ...change, mentions: plain(change.mentions) }))
      fields.set(name, value)
  })

/** Removes a comment, and with the last one the thread. */
export const deleteComment = (document: Y.Doc, threadId: string, commentId: string): void =>
  document.transact(() => {
    const comments = commentsOf(document, threadId)
    const index = comments?.toArray().findIndex((comment) => comment.get('id') === commentId) ?? -1
    if (index < 0) return
    comments?.delete(index)
    if (comments?.length === 0) rootOf(document).delete(threadId)
  })

/** Marks a thread as resolved, or opens it again when `resolved` is undefined. */
export const resolveThread = (document: Y.Doc, threadId: string, resolved: Thread['resolved']): void => {
  const fields = rootOf(document).get(threadId)
  if (resolved) fields?.set('resolved', { by: { ...resolved.by }, at: resolved.at })
  else fields?.delete('resolved')
}

const commentsOf = (document: Y.Doc, threadId: string): Y.Array<Fields> | undefined => {
  const comments = rootOf(document).get(threadId)?.get('comments')
  return comments instanceof Y.Array ? (comments as Y.Array<Fields>) : undefined
}

const plain = (mentions: readonly Person[]): Person[] => mentions.map(({ id, name }) => ({ id, name }))

const commentFields = ({ mentions, author: { id, name }, ...comment }: NewComment): Fields =>
  new Y.Map<unknown>(Object.entries({ ...comment, author: { id, name }, mentions: plain(mentions) }))

const readThread = (id: string, fields: unknown): Thread | undefined => {
  if (!(fields instanceof Y.Map)) return undefined
  const list: unknown = fields.get('comments')
  if (!(list instanceof Y.Array)) return undefined
  const comments = list
    .toArray()
    .map(readComment)
    .filter((comment) => comment !== undefined)
  if (comments.length === 0) return undefined
  const { start, end } = record(fields.get('anchor'))
  const resolved = record(fields.get('resolved'))
  const by = readPerson(resolved['by'])
  return {
    id,
    anchor: typeof start === 'string' && typeof end === 'string' ? { start, end } : undefined,
    quote: text(fields.get('quote')),
    createdAt: time(fields.get('createdAt')) ?? 0,
    resolved: by && { by, at: time(resolved['at']) ?? 0 },
    comments,
  }
}

const readComment = (fields: unknown): Comment | undefined => {
  if (!(fields instanceof Y.Map)) return undefined
  const author = readPerson(fields.get('author'))
  const id = text(fields.get('id'))
  const mentions: unknown = fields.get('mentions')
  if (!author || !id) return undefined
  return {
    id,
    author,
    text: text(fields.get('text')),
    mentions: Array.isArray(mentions)
      ? mentions.map(readPerson).filter((person) => person !== undefined)
      : [],
    createdAt: time(fields.get('createdAt')) ?? 0,
    editedAt: time(fields.get('editedAt')),
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const time = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined

const readPerson = (value: unknown): Person | undefined => {
  const { id, name } = record(value)
  return typeof id === 'string' && id ? { id, name: text(name) || id } : undefined
}
