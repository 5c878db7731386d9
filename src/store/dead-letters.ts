import type { StoreDatabase } from './schema.ts'

/** The offsets of dead letters of a topic that were retried or dropped. */
export const listSettled = async (db: StoreDatabase, topic: string): Promise<Set<number>> => {
  const rows = await db.selectFrom('settledDeadLetters').select('offset').where('topic', '=', topic).execute()
  return new Set(rows.map(({ offset }) => offset))
}

/** Takes a dead letter off the list. */
export const settleDeadLetter = async (db: StoreDatabase, topic: string, offset: number): Promise<void> => {
  await db
    .insertInto('settledDeadLetters')
    .values({ topic, offset, settledAt: Date.now() })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
