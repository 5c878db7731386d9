import type { Hocuspocus } from '@hocuspocus/server'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import type { Fleet } from '../../extensions/fleet/index.ts'
import type { Journal } from '../../extensions/journal/index.ts'
import { encodeDocumentName, type ObjectStore, type SnapshotStore } from '../../extensions/snapshots/index.ts'
import type { Logger } from '../logger.ts'
import { addAuditEntries, anonymiseAuditEntries } from '../store/audit.ts'
import { noteErasedUser } from '../store/erased-users.ts'
import { deleteGrant, listGrants } from '../store/grants.ts'
import { deletePreferences } from '../store/preferences.ts'
import type { Store } from '../store/Store.ts'
import { eraseDocumentRows } from '../store/tombstones.ts'
import type { Actor } from './audit.ts'
import { closeDocument } from './close-document.ts'
import { commentsDocumentOf } from './comments-document.ts'

/** A part of the server that keeps something of documents or users besides journal, snapshots and SQL rows. */
export interface Erasable {
  /** Removes all of a document, or of its document of comments; may be repeated. */
  erase(documentName: string): Promise<void>
  /** Removes all of a user; may be repeated. */
  eraseUser?(userId: string): Promise<void>
}

export interface EraserOptions {
  readonly hocuspocus: () => Hocuspocus
  readonly journal: Journal
  readonly snapshots: SnapshotStore
  readonly objects: ObjectStore
  readonly store: Store
  readonly logger: Logger
  readonly fleet: Fleet
  /** What else keeps content: versions, exported files, events. */
  readonly parts: readonly Erasable[]
}

const orderPrefix = 'erasures/'
const orderKey = (documentName: string): string => orderPrefix + encodeDocumentName(documentName)
const orderSchema = z.object({
  documentName: z.string(),
  userId: z.string().nullable(),
  address: z.string().nullable(),
})

const erased = new CodraftError('CODRAFT_DOCUMENT_ERASED')

/**
 * Erases documents for good: closes their editors, removes all bytes of their content from every store, and leaves a
 * tombstone in each of them, so that no client, instance or retry brings anything back. The name is not free again.
 *
 * An erasure that has begun is written down first: when the process ends in its midst, the next start goes on.
 */
export class Eraser {
  readonly #options: EraserOptions

  constructor(options: EraserOptions) {
    this.#options = options
    // Another instance has erased what is open here; editors hear of it before their edit seems to be saved.
    options.journal.onErased((documentName) => void this.#close(documentName))
  }

  /** Resolves when nothing of the document is left but its audit entries. May be repeated when it rejects. */
  async erase(documentName: string, by: Actor): Promise<void> {
    const { objects, store, parts } = this.#options
    await objects.put(orderKey(documentName), Buffer.from(JSON.stringify({ documentName, ...by })))
    const comments = commentsDocumentOf(documentName)
    await this.#eraseContent(comments)
    const epoch = await this.#eraseContent(documentName)
    await store.transaction(documentName, async (tx) => {
      const at = Date.now()
      await eraseDocumentRows(tx, { documentName, epoch, erasedAt: at })
      await addAuditEntries(tx, [{ documentName, action: 'erased', at, ...by }])
    })
    for (const part of parts) for (const name of [documentName, comments]) await part.erase(name)
    await store.shred()
    await objects.delete(orderKey(documentName))
  }

  /** Goes on with erasures that an earlier process has begun. */
  async resume(): Promise<void> {
    const { objects, logger } = this.#options
    for await (const key of objects.list(orderPrefix)) {
      const order = await objects.get(key)
      if (!order) continue
      try {
        const { documentName, ...by } = orderSchema.parse(JSON.parse(Buffer.from(order.body).toString()))
        await this.erase(documentName, by)
        logger.info({ document: documentName }, 'an erasure that was interrupted is complete')
      } catch (error) {
        logger.error(
          { err: error, key },
          'an erasure that was interrupted cannot go on; it is tried at each start',
        )
      }
    }
  }

  /**
   * Erases every document that belongs to the user alone, and all rows about the user. What the user has written in
   * documents of others stays theirs; audit entries stay, as nobody's.
   *
   * @returns names of the documents that were erased
   */
  async eraseUser(userId: string, by: Actor): Promise<string[]> {
    const { store, parts } = this.#options
    const names: string[] = []
    for (const db of store.all) {
      // Before the rows go, so that none comes back.
      await noteErasedUser(db, userId, Date.now())
      const grants = await db
        .selectFrom('grants')
        .select(['documentName', 'role'])
        .where('userId', '=', userId)
        .execute()
      for (const { documentName, role } of grants) {
        const others = (await listGrants(db, documentName)).filter((grant) => grant.userId !== userId)
        if (role === 'owner' && !others.some((grant) => grant.role === 'owner')) {
          await this.erase(documentName, by)
          names.push(documentName)
        } else await deleteGrant(db, documentName, userId)
      }
      await db.updateTable('grants').set({ grantedBy: null }).where('grantedBy', '=', userId).execute()
      await db.updateTable('documents').set({ ownerId: null }).where('ownerId', '=', userId).execute()
      await db.updateTable('versions').set({ authorId: null }).where('authorId', '=', userId).execute()
      await db.deleteFrom('invitations').where('invitedBy', '=', userId).execute()
      await db.deleteFrom('invitations').where('acceptedBy', '=', userId).execute()
      await db.deleteFrom('idempotencyKeys').where('userId', '=', userId).execute()
      await db.deleteFrom('documentEditors').where('userId', '=', userId).execute()
      await anonymiseAuditEntries(db, userId)
    }
    await deletePreferences(store.ofUser(userId), userId)
    for (const part of parts) await part.eraseUser?.(userId)
    await store.shred()
    return names
  }

  /** From here on nothing of it is written or loaded, on any instance. */
  async #eraseContent(documentName: string): Promise<number> {
    const { journal, snapshots, fleet } = this.#options
    await journal.erase(documentName)
    const epoch = await snapshots.erase(documentName, 0)
    await fleet.publish({ type: 'close', documentName, errorCode: 'CODRAFT_DOCUMENT_ERASED' })
    return epoch
  }

  async #close(documentName: string): Promise<void> {
    const { hocuspocus, logger } = this.#options
    try {
      await closeDocument(hocuspocus(), documentName, erased)
    } catch (error) {
      logger.error({ err: error, document: documentName }, 'closing an erased document failed')
    }
  }
}
