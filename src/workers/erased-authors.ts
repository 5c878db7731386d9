import type { CodraftEvent } from '../../extensions/events/index.ts'
import { listErasedUsers } from '../store/erased-users.ts'
import type { StoreDatabase } from '../store/schema.ts'

type Edit = CodraftEvent<'document.edited'>

/** The same edits; those that users made before they were erased have no author any more. */
export const withoutErasedAuthors = async (db: StoreDatabase, edits: readonly Edit[]): Promise<Edit[]> => {
  const userIds = new Set(
    edits.flatMap(({ data }) => data.authors.flatMap(({ userId }) => (userId === undefined ? [] : [userId]))),
  )
  const erasedAt = await listErasedUsers(db, userIds)
  if (erasedAt.size === 0) return [...edits]
  return edits.map((edit) => {
    const authors = edit.data.authors.map(({ userId, ...counts }) =>
      userId === undefined || edit.time <= (erasedAt.get(userId) ?? -1) ? counts : { userId, ...counts },
    )
    return { ...edit, data: { ...edit.data, authors } }
  })
}
