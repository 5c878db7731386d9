export type * from './Fleet.ts'
export { MemoryFleet } from './MemoryFleet.ts'
