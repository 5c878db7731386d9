/** Whether an update came from another instance, which has journaled it and compacts it; see `RedisTransactionOrigin`. */
export const isRelayed = (origin: unknown): boolean =>
  typeof origin === 'object' && origin !== null && 'source' in origin && origin.source === 'redis'
