import { applyUpdate, Doc } from 'yjs'
import { readStoredDocument, type DocumentStores } from '../../extensions/journal/index.ts'

/**
 * Calls `use` with a document as it is now; `use` must not change it, nor keep it. Resolves to undefined when nothing
 * was ever written to a document of this name.
 */
export type DocumentReader = <Result>(
  documentName: string,
  use: (document: Doc) => Result,
) => Promise<Result | undefined>

/** Calls `use` with a document made of what is stored, which is not kept. */
export const readStored = async <Result>(
  stores: DocumentStores,
  documentName: string,
  use: (document: Doc) => Result,
): Promise<Result | undefined> => {
  const { state, updates } = await readStoredDocument(stores, documentName)
  if (!state && updates.length === 0) return undefined
  const document = new Doc()
  try {
    document.transact(() => {
      if (state) applyUpdate(document, state)
      for (const update of updates) applyUpdate(document, update)
    })
    return use(document)
  } finally {
    document.destroy()
  }
}
