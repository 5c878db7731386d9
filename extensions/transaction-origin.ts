/** Origin of an update that came from another instance, which has journaled it and compacts it. */
export const relayOrigin = Object.freeze({ source: 'redis' } as const)

/** Whether an update came from another instance; see `RedisTransactionOrigin`. */
export const isRelayed = (origin: unknown): boolean =>
  typeof origin === 'object' && origin !== null && 'source' in origin && origin.source === 'redis'

/**
 * The id that a client gave an edit, from the `opId` of a transaction's origin; the journal keeps it. Hocuspocus'
 * own origins have none: whoever makes the edit idempotent adds it, as in
 * `{ source: 'connection', connection, opId }` or `{ source: 'local', context, opId }`.
 */
export const opIdOf = (origin: object): string | undefined => {
  const { opId } = origin as { readonly opId?: unknown }
  return typeof opId === 'string' ? opId : undefined
}
