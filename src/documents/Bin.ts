import type { Logger } from '../logger.ts'
import { findDocument, listBin } from '../store/documents.ts'
import type { Eraser } from './Eraser.ts'
import type { HousekeepingTask } from './Housekeeping.ts'

export interface BinOptions {
  readonly eraser: Pick<Eraser, 'erase'>
  readonly logger: Logger
  /** How long a document stays in the bin, ms. */
  readonly keepMs: number
}

const documentsPerRun = 1_000

/** Erases documents that have been in the bin for a time, as the server itself: so it stands in their audit. */
export const emptyBin =
  ({ eraser, logger, keepMs }: BinOptions): HousekeepingTask =>
  async (db, now) => {
    const until = now - keepMs
    for (const name of await listBin(db, until, documentsPerRun)) {
      // Somebody may have taken it out while the others were being erased.
      const row = await findDocument(db, name)
      if (typeof row?.deletedAt !== 'number' || row.deletedAt > until) continue
      await eraser.erase(name, { userId: null, address: null })
      logger.info({ document: name }, 'a document was erased after its time in the bin')
    }
  }
