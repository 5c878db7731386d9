import type { connectedPayload, Extension } from '@hocuspocus/server'
import { identityOf } from '../../extensions/auth/index.ts'
import type { Logger } from '../logger.ts'
import { addAuditEntries, type AuditEntry } from '../store/audit.ts'
import type { Store } from '../store/Store.ts'
import type { Actor, AuditAction } from './audit.ts'
import { BackgroundWriter } from './BackgroundWriter.ts'
import { mainDocumentOf } from './comments-document.ts'

export interface AuditRecord {
  readonly documentName: string
  readonly action: AuditAction
  readonly actor: Actor
  /** Never holds content of the document. */
  readonly detail?: AuditEntry['detail']
}

const hourMs = 3_600_000
/** Openings remembered within an hour; with more than that, an opening may be noted twice. */
const maxOpenings = 200_000

/**
 * Notes who opened, exported, restored, erased which document, off the path of the request. Changes of permissions are
 * not noted here but in their own transaction (see Permissions): without their entry they do not happen.
 */
export class AuditLog {
  readonly #writer: BackgroundWriter<AuditEntry>
  #count = 0
  #hour = 0
  #openings = new Set<string>()

  constructor(store: Store, logger: Logger) {
    this.#writer = new BackgroundWriter<AuditEntry>({
      store,
      documentOf: ({ documentName }) => documentName,
      write: addAuditEntries,
      onDropped: (entries, error) =>
        logger.error({ err: error, entries }, 'audit entries could not be written'),
    })
  }

  /** Notes the opening of documents over sockets. */
  get extension(): Extension {
    return {
      extensionName: 'Audit',
      connected: async ({ documentName, context }: connectedPayload) => {
        const { address = null } = context as { address?: string }
        this.opened(documentName, { userId: identityOf(context)?.userId ?? null, address })
      },
    }
  }

  record({ documentName, action, actor, detail }: AuditRecord): void {
    this.#count += 1
    const entry = { documentName, action, ...actor, at: Date.now(), ...(detail && { detail }) }
    this.#writer.put(`${this.#count}`, entry)
  }

  /** Notes the first opening of a document by a user in each hour. Comments count as their document. */
  opened(documentName: string, actor: Actor): void {
    const hour = Math.floor(Date.now() / hourMs)
    if (hour !== this.#hour || this.#openings.size >= maxOpenings) {
      this.#hour = hour
      this.#openings = new Set()
    }
    const main = mainDocumentOf(documentName) ?? documentName
    const opening = JSON.stringify([actor.userId, main])
    if (this.#openings.has(opening)) return
    this.#openings.add(opening)
    this.record({ documentName: main, action: 'opened', actor })
  }

  /** Writes what waits, as far as the database can be reached. */
  flush(): Promise<void> {
    return this.#writer.flush()
  }
}
