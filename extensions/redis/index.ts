export type { RedisDurability } from './durability.ts'
export { RedisConnection, type RedisConnectionOptions } from './RedisConnection.ts'
export { RedisJournal, type RedisJournalOptions } from './RedisJournal.ts'
