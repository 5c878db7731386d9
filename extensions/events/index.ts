export * from './catalogue.ts'
export type * from './EventLog.ts'
export { SqliteEventLog, type SqliteEventLogOptions } from './SqliteEventLog.ts'
export { KafkaEventLog, type KafkaEventLogOptions } from './KafkaEventLog.ts'
