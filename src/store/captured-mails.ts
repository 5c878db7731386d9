import type { Selectable } from 'kysely'
import type { Page, PageRequest } from './cursor.ts'
import { newestFirst } from './newest-first.ts'
import type { CapturedMailsTable, StoreDatabase } from './schema.ts'
import type { Store } from './Store.ts'

export type CapturedMail = Selectable<CapturedMailsTable>

/** Mails that are kept; of more the oldest go. */
const maxMails = 1_000

/** All captured mails are in one database: they are few, and read together. */
const databaseOf = (store: Store): StoreDatabase => store.ofUser('captured-mails')

/** Adds a mail; one that is there already stays. */
export const captureMail = async (store: Store, mail: CapturedMail): Promise<void> => {
  const db = databaseOf(store)
  await db
    .insertInto('capturedMails')
    .values(mail)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const newest = db
    .selectFrom('capturedMails')
    .select('id')
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(maxMails)
  await db.deleteFrom('capturedMails').where('id', 'not in', newest).execute()
}

/** The newest first. */
export const listCapturedMails = (store: Store, page: PageRequest): Promise<Page<CapturedMail>> =>
  newestFirst(databaseOf(store).selectFrom('capturedMails').selectAll(), 'at', page)

export const deleteCapturedMails = async (store: Store, recipient: string): Promise<void> => {
  await databaseOf(store).deleteFrom('capturedMails').where('recipient', '=', recipient).execute()
}
