import type { CodraftEvent, EventOn } from '../../extensions/events/index.ts'
import { mainDocumentOf } from '../documents/comments-document.ts'
import {
  addUsage,
  clearUsage,
  readCountedPositions,
  rebuiltSince,
  saveCountedPositions,
  type CountedPosition,
  type Usage,
} from '../store/analytics.ts'
import { listErased } from '../store/tombstones.ts'
import { withoutErasedAuthors } from './erased-authors.ts'
import type { EventTransaction, SqlWorker } from './Worker.ts'

type CountedEvent = EventOn<'document-edits' | 'analytics'>
type EditEvent = CodraftEvent<'document.edited'>

const isEdit = (event: CountedEvent): event is EditEvent => event.type === 'document.edited'

/**
 * Counts how documents are used, by day and hour. Edits are recognised by their position in the journal, which is one
 * row for each document; openings and closings by their ids.
 */
export const analyticsWorker = (): SqlWorker<'document-edits' | 'analytics'> => ({
  name: 'analytics',
  topics: ['document-edits', 'analytics'],
  gatherMs: 5_000,

  async apply(events, transaction) {
    const { db } = transaction
    const since = await rebuiltSince(db)
    const erased = await listErased(
      db,
      events.map(({ documentName }) => documentName),
    )
    const counted = events.filter(
      ({ documentName, time }) =>
        time >= since && !erased.has(documentName) && mainDocumentOf(documentName) === undefined,
    )
    const edits = await uncountedEdits(counted.filter(isEdit), transaction)
    const visits = await transaction.unapplied(counted.filter((event) => !isEdit(event)))
    await addUsage(db, [...(await withoutErasedAuthors(db, edits)), ...visits].map(usageOf))
  },

  clear: (db, since) => clearUsage(db, since),
})

/** Notes the positions, too. */
const uncountedEdits = async (
  events: readonly EditEvent[],
  { db, isRedriven, unapplied }: EventTransaction,
): Promise<EditEvent[]> => {
  // A dead letter comes back when later edits are counted.
  if (isRedriven) return unapplied(events)
  const names = [...new Set(events.map(({ documentName }) => documentName))]
  const positions = new Map<string, number>()
  for (const { documentName, journal, position } of await readCountedPositions(db, names))
    positions.set(JSON.stringify([documentName, journal]), position)
  const before = new Map(positions)
  const fresh = events.filter(({ documentName, data: { journal, position } }) => {
    const key = JSON.stringify([documentName, journal])
    if (position <= (positions.get(key) ?? 0)) return false
    positions.set(key, position)
    return true
  })
  const moved: CountedPosition[] = []
  for (const [key, position] of positions) {
    if (before.get(key) === position) continue
    const [documentName, journal] = JSON.parse(key) as [string, string]
    moved.push({ documentName, journal, position })
  }
  await saveCountedPositions(db, moved)
  return fresh
}

const usageOf = (event: CountedEvent): Usage => {
  const { documentName, time } = event
  switch (event.type) {
    case 'document.edited': {
      const { edits, inserted, deleted, authors } = event.data
      const editors = new Map(
        authors.flatMap((author) => (author.userId === undefined ? [] : [[author.userId, author.edits]])),
      )
      return { documentName, time, edits, inserted, deleted, editors }
    }
    case 'document.opened':
      return { documentName, time, opens: 1 }
    case 'document.closed':
      return { documentName, time, sessions: 1, sessionMs: event.data.durationMs }
  }
}
