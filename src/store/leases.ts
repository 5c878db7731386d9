import type { StoreDatabase } from './schema.ts'

export interface LeaseRequest {
  /** What only one instance may do at a time. */
  readonly name: string
  /** Names the instance. */
  readonly holder: string
  /** ms since the epoch */
  readonly now: number
  readonly ttlMs: number
}

/**
 * Takes or extends a lease. Resolves to whether `holder` has it until `now` + `ttlMs`. Clocks of instances may differ,
 * so what is done under a lease must bear being done twice.
 */
export const takeLease = async (
  db: StoreDatabase,
  { name, holder, now, ttlMs }: LeaseRequest,
): Promise<boolean> => {
  const expiresAt = now + ttlMs
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('leases')
    .values({ name, holder, expiresAt })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ holder, expiresAt })
        .where(({ or, eb }) => or([eb('leases.expiresAt', '<=', now), eb('leases.holder', '=', holder)])),
    )
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

export const releaseLease = async (
  db: StoreDatabase,
  { name, holder }: Pick<LeaseRequest, 'name' | 'holder'>,
): Promise<void> => {
  await db.deleteFrom('leases').where('name', '=', name).where('holder', '=', holder).execute()
}
