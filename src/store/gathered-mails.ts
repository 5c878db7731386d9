import type { StoreDatabase } from './schema.ts'

/** A notification that a person is to be told by mail. */
export interface MailNotice {
  /** Address, in lower case: what a person is known by here. */
  readonly recipient: string
  readonly eventId: string
  readonly documentName: string
  /** The event; JSON. */
  readonly event: string
  readonly at: number
}

export interface GatheringRules {
  /** Mails to one person come no closer to each other, ms. */
  readonly quietMs: number
  /** True for what never goes at once. */
  readonly mustWait: boolean
  /** How long it waits then, ms. */
  readonly waitMs: number
}

/**
 * Decides whether a mail goes at once: it does when the person got none lately. Otherwise it is gathered, for one mail
 * later. Call it in a transaction of the recipient. What was to go at once and is asked about again goes at once.
 */
export const mayGoAtOnce = async (
  tx: StoreDatabase,
  { recipient, eventId, documentName, event, at }: MailNotice,
  { quietMs, mustWait, waitMs }: GatheringRules,
): Promise<boolean> => {
  const last = await tx
    .selectFrom('lastMails')
    .select(['eventId', 'at'])
    .where('recipient', '=', recipient)
    .executeTakeFirst()
  if (last?.eventId === eventId) return true
  const quietUntil = (last?.at ?? 0) + quietMs
  if (!mustWait && quietUntil <= at) {
    await noteMail(tx, { recipient, eventId, at })
    return true
  }
  const dueAt = mustWait ? at + waitMs : quietUntil
  await tx
    .insertInto('gatheredMails')
    .values({ recipient, eventId, documentName, event, at, dueAt })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return false
}

/** Notes that a mail is on its way to a person. */
export const noteMail = async (
  tx: StoreDatabase,
  { recipient, eventId, at }: Pick<MailNotice, 'recipient' | 'eventId' | 'at'>,
): Promise<void> => {
  await tx
    .insertInto('lastMails')
    .values({ recipient, eventId, at })
    .onConflict((conflict) => conflict.column('recipient').doUpdateSet({ eventId, at }))
    .execute()
}

/** Some of those for whom something gathered is due. */
export const dueRecipients = async (db: StoreDatabase, now: number, limit: number): Promise<string[]> => {
  const rows = await db
    .selectFrom('gatheredMails')
    .select('recipient')
    .distinct()
    .where('dueAt', '<=', now)
    .limit(limit)
    .execute()
  return rows.map(({ recipient }) => recipient)
}

/** Takes out all that was gathered for a person, due or not; the oldest first. */
export const takeGathered = async (tx: StoreDatabase, recipient: string): Promise<MailNotice[]> => {
  const rows = await tx
    .deleteFrom('gatheredMails')
    .where('recipient', '=', recipient)
    .returning(['recipient', 'eventId', 'documentName', 'event', 'at'])
    .execute()
  return rows.sort((a, b) => a.at - b.at || (a.eventId < b.eventId ? -1 : 1))
}

/** Of a person nothing is left. */
export const forgetMails = async (db: StoreDatabase, recipient: string): Promise<void> => {
  await db.deleteFrom('gatheredMails').where('recipient', '=', recipient).execute()
  await db.deleteFrom('lastMails').where('recipient', '=', recipient).execute()
}

/** Of a document nothing is told any more. */
export const forgetGathered = async (db: StoreDatabase, documentName: string): Promise<void> => {
  await db.deleteFrom('gatheredMails').where('documentName', '=', documentName).execute()
}

/** When a person got their last mail does not matter any more after a day. */
export const pruneLastMails = async (db: StoreDatabase, now: number): Promise<void> => {
  await db
    .deleteFrom('lastMails')
    .where('at', '<', now - 86_400_000)
    .execute()
}
