import { isNotification } from '../notifications/wording.ts'
import { nameAuthor } from '../notifications/name-author.ts'
import { recipientOf, wants } from '../notifications/recipients.ts'
import { addNotification } from '../store/notifications.ts'
import type { WorkerServices } from './compose.ts'
import type { Worker } from './Worker.ts'

/** `in-app`: keeps notifications for users that are known, for the list on the page. */
export const inAppWorker = ({ store }: WorkerServices): Worker<'notifications'> => ({
  name: 'in-app',
  topics: ['notifications'],
  async handle(event) {
    if (!isNotification(event)) return
    const recipient = await recipientOf(store, event)
    const { userId } = recipient
    if (userId === undefined || !(await wants(store, recipient, 'in-app', event.type))) return
    const { id, documentName, time: at } = event
    await addNotification(store.ofUser(userId), {
      userId,
      id,
      documentName,
      event: JSON.stringify(await nameAuthor(store, event)),
      at,
    })
  },
})
