import { createHash } from 'node:crypto'
import { newEvent, type CodraftEvent } from '../../extensions/events/index.ts'
import { mainDocumentOf } from '../documents/comments-document.ts'
import { authorOf } from '../notifications/author-of.ts'
import { findDocument } from '../store/documents.ts'
import { listWatchers, readEditedAt, saveEditedAt } from '../store/edited-documents.ts'
import { addEvents } from '../store/outbox.ts'
import type { StoreDatabase } from '../store/schema.ts'
import { listErased } from '../store/tombstones.ts'
import type { WorkerServices } from './compose.ts'
import { withoutErasedAuthors } from './erased-authors.ts'
import type { SqlWorker } from './Worker.ts'

type Edit = CodraftEvent<'document.edited'>

/** `changes`: lets those who watch a document know of the first edit after a pause; not of those that follow it. */
export const changesWorker = ({
  config: { changesPauseMs },
}: Pick<WorkerServices, 'config'>): SqlWorker<'document-edits'> => ({
  name: 'changes',
  topics: ['document-edits'],
  gatherMs: 5_000,
  async apply(events, { db }) {
    const inMain = events.filter(({ documentName }) => mainDocumentOf(documentName) === undefined)
    const edits = await withoutErasedAuthors(db, inMain)
    const names = [...new Set(edits.map(({ documentName }) => documentName))]
    const erased = await listErased(db, names)
    const editedAt = await readEditedAt(db, names)
    const moved = new Map<string, number>()
    for (const edit of edits) {
      const { documentName, time } = edit
      const last = editedAt.get(documentName) ?? -Infinity
      // Edits come again after a crash.
      if (time <= last || erased.has(documentName)) continue
      if (time - last > changesPauseMs) await tellWatchers(db, edit)
      editedAt.set(documentName, time)
      moved.set(documentName, time)
    }
    await saveEditedAt(db, moved)
  },
})

const tellWatchers = async (db: StoreDatabase, edit: Edit): Promise<void> => {
  const { documentName, time, data } = edit
  const authors = new Set(data.authors.map(({ userId }) => userId))
  const watchers = (await listWatchers(db, documentName, time)).filter((userId) => !authors.has(userId))
  if (watchers.length === 0) return
  const title = (await findDocument(db, documentName))?.title
  const author = authorOf(edit)
  const about = {
    ...(author !== undefined && { by: { id: author } }),
    ...(typeof title === 'string' && { title }),
  }
  const events = watchers.map((userId) =>
    newEvent('document.changed', { id: idOf(edit, userId), time, documentName, userId, data: about }),
  )
  await addEvents(db, events)
}

/** The same for the same edit; it names nobody, so it may stay when a user is erased. */
const idOf = ({ id }: Edit, userId: string): string =>
  `changed:${createHash('sha256').update(`${id}\n${userId}`).digest('base64url')}`
