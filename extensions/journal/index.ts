export type * from './Journal.ts'
export { JournalExtension, type JournalExtensionOptions } from './JournalExtension.ts'
export { SqliteJournal, type SqliteJournalOptions } from './SqliteJournal.ts'
export { readStoredDocument, type DocumentStores, type StoredDocument } from './stored-document.ts'
