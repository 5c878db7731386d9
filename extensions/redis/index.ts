export { readDurability, type RedisDurability } from './durability.ts'
export { RedisConnection, type RedisConnectionOptions } from './RedisConnection.ts'
export { RedisJournal, type RedisJournalOptions } from './RedisJournal.ts'
export { RedisChannels } from './RedisChannels.ts'
export { RedisRelay, type RedisRelayOptions, type RelayLogger } from './RedisRelay.ts'
export { InstanceRegistry, isInstanceName, type InstanceRegistryOptions } from './InstanceRegistry.ts'
export {
  InstanceSummaries,
  type InstanceSummariesOptions,
  type InstanceSummary,
} from './InstanceSummaries.ts'
export { RedisAwareness, type RedisAwarenessOptions } from './RedisAwareness.ts'
export { RedisFleet, type RedisFleetOptions } from './RedisFleet.ts'
export { RedisPresence, type RedisPresenceOptions } from './RedisPresence.ts'
