import { createHash } from 'node:crypto'
import { newEvent, type CodraftEvent } from '../../extensions/events/index.ts'
import { mainDocumentOf } from '../documents/comments-document.ts'
import { authorOf } from '../notifications/author-of.ts'
import { mentionsIn } from '../notifications/mentions.ts'
import { findDocument } from '../store/documents.ts'
import { addEvent } from '../store/outbox.ts'
import { withoutErasedAuthors } from './erased-authors.ts'
import type { SqlWorker } from './Worker.ts'

/** One edit mentions no more than this; a paste of a whole list of people is no message to them. */
const maxMentioned = 20
const hourMs = 3_600_000
const theServer = 'the server'

interface Mention {
  readonly id: string
  readonly time: number
  readonly edit: CodraftEvent<'document.edited'>
  readonly userId: string
}

/** `mentions`: looks for mentions in edits of documents and comments, and lets each user know that they name. */
export const mentionsWorker = (): SqlWorker<'document-edits'> => ({
  name: 'mentions',
  topics: ['document-edits'],
  gatherMs: 2_000,
  async apply(edits, { db, unapplied }) {
    const authored = await withoutErasedAuthors(db, edits)
    for (const { id, time, edit, userId } of await unapplied(authored.flatMap(mentionsOf))) {
      const documentName = mainDocumentOf(edit.documentName) ?? edit.documentName
      const title = (await findDocument(db, documentName))?.title
      const event = newEvent('user.mentioned', {
        id,
        time,
        documentName,
        userId,
        data: {
          by: { id: authorOf(edit) ?? theServer },
          place: documentName === edit.documentName ? 'document' : 'comment',
          ...(typeof title === 'string' && { title }),
        },
      })
      await addEvent(db, event)
    }
  },
})

/**
 * In a document a mention is copied, moved, undone and done again, so an author mentions a user there once an hour;
 * every comment is a message of its own.
 */
const mentionsOf = (edit: CodraftEvent<'document.edited'>): Mention[] => {
  const author = authorOf(edit) ?? theServer
  const isComment = mainDocumentOf(edit.documentName) !== undefined
  const occasion = isComment ? edit.id : `${edit.documentName}:${author}:${Math.floor(edit.time / hourMs)}`
  return mentionsIn(Buffer.from(edit.data.update, 'base64'))
    .filter((userId) => userId !== author)
    .slice(0, maxMentioned)
    .map((userId) => ({ id: idOf(occasion, userId), time: edit.time, edit, userId }))
}

/** The same for the same mention; it names nobody, so it may stay when a user is erased. */
const idOf = (occasion: string, userId: string): string =>
  `mention:${createHash('sha256').update(`${occasion}\n${userId}`).digest('base64url')}`
