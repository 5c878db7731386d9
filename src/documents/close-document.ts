import type { Hocuspocus } from '@hocuspocus/server'
import type { CodraftError } from '../../extensions/errors.ts'

/** Closes every connection to a document on this instance, with the code of `error`, and takes it out of memory. */
export const closeDocument = async (
  hocuspocus: Hocuspocus,
  documentName: string,
  { code, reason }: CodraftError,
): Promise<void> => {
  const document = hocuspocus.documents.get(documentName)
  if (!document) return
  for (const connection of document.getConnections()) {
    connection.readOnly = true
    connection.close({ code, reason })
  }
  await hocuspocus.unloadDocument(document)
  if (hocuspocus.documents.get(documentName) !== document) return
  // Held by an edit of the server that is under way.
  hocuspocus.documents.delete(documentName)
  document.destroy()
}
