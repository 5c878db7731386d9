import type { afterLoadDocumentPayload, Extension } from '@hocuspocus/server'
import type { Logger } from '../logger.ts'
import { touchDocuments, type TouchedDocument } from '../store/documents.ts'
import type { Store } from '../store/Store.ts'
import { BackgroundWriter } from './BackgroundWriter.ts'
import { mainDocumentOf } from './comments-document.ts'

/** Keeps in the store when each document was last edited, and adds those that came by the token of an application. */
export class DocumentActivity {
  readonly #writer: BackgroundWriter<TouchedDocument>

  constructor(store: Store, logger: Logger) {
    this.#writer = new BackgroundWriter<TouchedDocument>({
      store,
      documentOf: ({ name }) => name,
      write: touchDocuments,
      onDropped: (documents, error) =>
        logger.error({ err: error, documents }, 'times of edits could not be written'),
      gatherMs: 2_000,
    })
  }

  get extension(): Extension {
    return {
      extensionName: 'DocumentActivity',
      afterLoadDocument: async ({ document, documentName: name }: afterLoadDocumentPayload) => {
        if (mainDocumentOf(name) !== undefined) return
        document.on('update', () => this.#writer.put(name, { name, at: Date.now() }))
      },
    }
  }

  /** Call it when a document is erased. */
  forget(documentName: string): void {
    this.#writer.remove(documentName)
  }

  /** Writes what waits, as far as the database can be reached. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }
}
