import type { Erasable } from '../documents/Eraser.ts'
import type { KnownUsers } from '../documents/KnownUsers.ts'
import { deleteCapturedMails } from '../store/captured-mails.ts'
import { deleteDelayedAbout } from '../store/delayed-events.ts'
import { forgetGathered, forgetMails } from '../store/gathered-mails.ts'
import { deleteEventsNaming, deleteNotificationsOf } from '../store/notifications.ts'
import { deletePushSubscriptions } from '../store/push-subscriptions.ts'
import { deletePreferences } from '../store/preferences.ts'
import type { Store } from '../store/Store.ts'
import { addressOwner, emailOf } from './recipients.ts'

/** What was written to tell a user something. It needs the address of the user, so it goes before that. */
export class ErasableNotifications implements Erasable {
  readonly #store: Store
  readonly #users: KnownUsers

  constructor(store: Store, users: KnownUsers) {
    this.#store = store
    this.#users = users
  }

  /** Mails that were sent, or captured, name a document as a letter does; what was not sent yet is not sent. */
  async erase(documentName: string): Promise<void> {
    for (const db of this.#store.all) {
      await forgetGathered(db, documentName)
      await deleteDelayedAbout(db, documentName)
      await deleteNotificationsOf(db, { documentName })
    }
  }

  async eraseUser(userId: string): Promise<void> {
    await deleteNotificationsOf(this.#store.ofUser(userId), { userId })
    await deletePushSubscriptions(this.#store.ofUser(userId), userId)
    for (const db of this.#store.all) await deleteEventsNaming(db, userId)
    await this.#users.flush()
    const email = await emailOf(this.#store, userId)
    if (email === undefined) return
    await forgetMails(this.#store.ofUser(email), email)
    await deleteCapturedMails(this.#store, email)
    const owner = addressOwner(email)
    await deletePreferences(this.#store.ofUser(owner), owner)
  }
}
