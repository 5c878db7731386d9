import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { applyUpdate, Doc } from 'yjs'
import { CodraftError } from '../../extensions/errors.ts'
import { readStoredDocument, SqliteJournal } from '../../extensions/journal/index.ts'
import { SnapshotStore } from '../../extensions/snapshots/index.ts'
import type { Config } from '../config.ts'
import { openObjectStore } from '../server/object-store.ts'

/**
 * Reads a document from the data folder, whether or not a server runs on it.
 *
 * @throws {CodraftError} CODRAFT_NOT_FOUND, CODRAFT_DOCUMENT_CORRUPT, CODRAFT_CONFIG_INVALID
 */
export const readFromDataFolder = async (config: Config, documentName: string): Promise<Doc> => {
  if (config.redisUrl !== undefined) {
    throw new CodraftError(
      'CODRAFT_CONFIG_INVALID',
      'REDIS_URL is set, so documents are not in the data folder alone; ask the server for the export',
    )
  }
  const path = join(config.dataDir, 'journal.sqlite')
  if (!existsSync(path)) throw new CodraftError('CODRAFT_NOT_FOUND', `${config.dataDir} holds no documents`)
  const journal = await SqliteJournal.open({ path })
  const objects = await openObjectStore(config)
  try {
    const snapshots = new SnapshotStore({ objects, journalId: journal.id, merge: nothingToMerge })
    const base = (name: string) => snapshots.read(name)
    const { state, updates } = await readStoredDocument({ journal, base }, documentName)
    if (!state && updates.length === 0) {
      throw new CodraftError('CODRAFT_NOT_FOUND', `there is no document ${documentName}`)
    }
    const doc = new Doc()
    doc.transact(() => {
      if (state) applyUpdate(doc, state)
      for (const update of updates) applyUpdate(doc, update)
    })
    return doc
  } finally {
    objects.close()
    await journal.close()
  }
}

/** Nothing is stored here. */
const nothingToMerge = (): Promise<never> => Promise.reject(new CodraftError('CODRAFT_INTERNAL'))
