import type { Store } from '../store/Store.ts'
import { findUsers } from '../store/users.ts'
import type { Notification } from './wording.ts'

/** Adds the name of whoever has done it, where the event knows only the id and the name is known here. */
export const nameAuthor = async (store: Store, event: Notification): Promise<Notification> => {
  if (event.type === 'export.ready' || event.data.by === undefined || event.data.by.name !== undefined)
    return event
  const { id } = event.data.by
  const name = (await findUsers(store, [id])).get(id)?.name
  if (name === undefined || name === null) return event
  return { ...event, data: { ...event.data, by: { id, name } } } as Notification
}
