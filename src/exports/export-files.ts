import { encodeDocumentName } from '../../extensions/snapshots/index.ts'
import type { Downloads } from './downloads/Downloads.ts'

/** Where the files of a document are. */
export const exportPrefix = (documentName: string): string => `exports/${encodeDocumentName(documentName)}/`

/** Removes all files of a document. */
export const deleteFiles = async (downloads: Downloads, documentName: string): Promise<void> => {
  for await (const key of downloads.list(exportPrefix(documentName))) await downloads.delete(key)
}
