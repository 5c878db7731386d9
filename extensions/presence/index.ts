export type * from './Presence.ts'
export { MemoryPresence, type MemoryPresenceOptions } from './MemoryPresence.ts'
export { PresenceExtension, type PresenceExtensionOptions } from './PresenceExtension.ts'
