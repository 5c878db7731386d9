export type * from './Journal.ts'
export { JournalExtension, type JournalExtensionOptions, type StoredDocument } from './JournalExtension.ts'
export { SqliteJournal, type SqliteJournalOptions } from './SqliteJournal.ts'
