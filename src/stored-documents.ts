import { join } from 'node:path'
import { CodraftError } from '../extensions/errors.ts'
import { SqliteJournal, type Journal } from '../extensions/journal/index.ts'
import { RedisConnection, RedisJournal } from '../extensions/redis/index.ts'
import { SnapshotStore } from '../extensions/snapshots/index.ts'
import type { Config } from './config.ts'
import { readStored, type DocumentReader } from './documents/read-stored.ts'
import { openObjectStore } from './object-store.ts'

export interface StoredDocuments {
  /** Reads what is durable of a document, whether or not a server runs. */
  readonly read: DocumentReader
  close(): Promise<void>
}

/** Opens the stores of documents that the settings name, to read. */
export const openStoredDocuments = async (config: Config): Promise<StoredDocuments> => {
  const { journal, close } = await openJournal(config)
  const objects = await openObjectStore(config)
  const snapshots = new SnapshotStore({ objects, journalId: journal.id, merge: nothingToMerge })
  const stores = { journal, base: (documentName: string) => snapshots.read(documentName) }
  return {
    read: (documentName, use) => readStored(stores, documentName, use),
    async close() {
      objects.close()
      await close()
    },
  }
}

/** Of eight characters, as the journal asks; nothing is announced under it. */
const instance = 'readonly'

const openJournal = async (config: Config): Promise<{ journal: Journal; close(): Promise<void> }> => {
  const { redisUrl: url, redisPrefix: prefix, dataDir } = config
  if (url === undefined) {
    const journal = await SqliteJournal.open({ path: join(dataDir, 'journal.sqlite') })
    return { journal, close: () => journal.close() }
  }
  const connection = await RedisConnection.open({ url, prefix })
  const journal = await RedisJournal.open({ connection, instance })
  return {
    journal,
    async close() {
      await journal.close()
      connection.close()
    },
  }
}

/** Nothing is stored here. */
const nothingToMerge = (): Promise<never> => Promise.reject(new CodraftError('CODRAFT_INTERNAL'))
