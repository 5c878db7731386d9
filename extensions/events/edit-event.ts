import { ContentFormat, ContentString, decodeUpdate, GC, Item, mergeUpdates, Skip } from 'yjs'
import type { JournalRecord } from '../journal/Journal.ts'
import { newEvent, type CodraftEvent } from './catalogue.ts'

export interface EditCount {
  /** Characters and embedded elements. */
  readonly inserted: number
  readonly deleted: number
}

/** What an update (V1) of one transaction inserts and deletes. */
export const countEdit = (update: Uint8Array): EditCount => {
  const { structs, ds } = decodeUpdate(update)
  let inserted = 0
  for (const struct of structs) {
    if (struct instanceof Skip || struct instanceof GC || !(struct instanceof Item)) continue
    if (struct.content instanceof ContentFormat || !struct.countable) continue
    inserted += struct.content instanceof ContentString ? struct.content.str.length : struct.length
  }
  let deleted = 0
  for (const ranges of ds.clients.values()) for (const { len } of ranges) deleted += len
  return { inserted, deleted }
}

/** Yjs takes quadratic time for many updates at once, so they are merged in groups, and the groups again. */
const maxMerged = 50

const mergeAll = (updates: readonly Uint8Array[]): Uint8Array => {
  if (updates.length === 1) return updates[0] as Uint8Array
  if (updates.length <= maxMerged) return mergeUpdates([...updates])
  const groups: Uint8Array[] = []
  for (let start = 0; start < updates.length; start += maxMerged)
    groups.push(mergeAll(updates.slice(start, start + maxMerged)))
  return mergeAll(groups)
}

/** Made of the record's place, so that it is the same when the event is published again. */
export const editEventId = (journal: string, documentName: string, { position }: JournalRecord): string =>
  `${journal}:${documentName}:${position}`

/**
 * The event of one journal record.
 *
 * @param traceparent the span of its publication
 * @throws when the record holds something other than updates
 */
export const editEvent = (
  journal: string,
  documentName: string,
  record: JournalRecord,
  traceparent?: string,
): CodraftEvent<'document.edited'> => {
  const authors = new Map<string | undefined, { edits: number; inserted: number; deleted: number }>()
  const total = { inserted: 0, deleted: 0 }
  for (const [index, update] of record.updates.entries()) {
    const { inserted, deleted } = countEdit(update)
    const userId = record.origins[index]?.userId
    const author = authors.get(userId) ?? { edits: 0, inserted: 0, deleted: 0 }
    authors.set(userId, author)
    author.edits += 1
    author.inserted += inserted
    author.deleted += deleted
    total.inserted += inserted
    total.deleted += deleted
  }
  const [onlyAuthor] = authors.keys()
  return newEvent('document.edited', {
    id: editEventId(journal, documentName, record),
    ...(record.time !== undefined && { time: record.time }),
    documentName,
    userId: authors.size === 1 ? onlyAuthor : undefined,
    traceparent,
    data: {
      update: Buffer.from(mergeAll(record.updates)).toString('base64'),
      journal,
      position: record.position,
      edits: record.updates.length,
      ...total,
      authors: Array.from(authors, ([userId, counts]) => ({
        ...(userId !== undefined && { userId }),
        ...counts,
      })),
    },
  })
}
