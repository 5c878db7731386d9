import { CodraftError } from '../../extensions/errors.ts'
import { findDocument } from '../store/documents.ts'
import type { Store } from '../store/Store.ts'
import { findTombstone } from '../store/tombstones.ts'
import { mainDocumentOf } from './comments-document.ts'

/**
 * Comments share the fate of their document.
 *
 * @throws {CodraftError} CODRAFT_DOCUMENT_DELETED when it is in the bin, CODRAFT_DOCUMENT_ERASED, CODRAFT_STORE_UNAVAILABLE
 */
export const assertAvailable = async (store: Store, documentName: string): Promise<void> => {
  const main = mainDocumentOf(documentName) ?? documentName
  const row = await findDocument(store.of(main), main)
  if (typeof row?.deletedAt === 'number') throw new CodraftError('CODRAFT_DOCUMENT_DELETED')
  if (!row && (await findTombstone(store.of(main), main))) throw new CodraftError('CODRAFT_DOCUMENT_ERASED')
}
