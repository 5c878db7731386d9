import { randomUUID } from 'node:crypto'
import type { connectedPayload, Extension } from '@hocuspocus/server'
import { identityOf } from '../../extensions/auth/index.ts'
import { newEvent, type EventOn } from '../../extensions/events/index.ts'
import type { Logger } from '../logger.ts'
import { addEvents } from '../store/outbox.ts'
import type { Store } from '../store/Store.ts'
import { BackgroundWriter } from './BackgroundWriter.ts'
import { mainDocumentOf } from './comments-document.ts'

type Visit = EventOn<'analytics'>

/** Says on the topic `analytics` when connections open and leave documents. Comments are part of their document. */
export class DocumentVisits {
  readonly #writer: BackgroundWriter<Visit>

  constructor(store: Store, logger: Logger) {
    this.#writer = new BackgroundWriter<Visit>({
      store,
      documentOf: ({ documentName }) => documentName,
      write: addEvents,
      onDropped: (visits, error) =>
        logger.error({ err: error, visits }, 'openings of documents could not be noted'),
    })
  }

  get extension(): Extension {
    return {
      extensionName: 'DocumentVisits',
      connected: async ({ connection, documentName }: connectedPayload) => {
        if (mainDocumentOf(documentName) !== undefined || !connection.document.hasConnection(connection))
          return
        const sessionId = randomUUID()
        const about = { documentName, userId: identityOf(connection.context)?.userId }
        const openedAt = Date.now()
        this.#put(newEvent('document.opened', { ...about, time: openedAt, data: { sessionId } }))
        connection.onClose(() => {
          const time = Date.now()
          const durationMs = Math.max(0, time - openedAt)
          this.#put(newEvent('document.closed', { ...about, time, data: { sessionId, durationMs } }))
        })
      },
    }
  }

  /** Writes what waits, as far as the database can be reached. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }

  #put(visit: Visit): void {
    this.#writer.put(visit.id, visit)
  }
}
