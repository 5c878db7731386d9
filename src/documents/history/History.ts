import { randomUUID } from 'node:crypto'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'
import { CodraftError } from '../../../extensions/errors.ts'
import {
  decodeSnapshot,
  encodeDocumentName,
  encodeSnapshot,
  type ObjectStore,
} from '../../../extensions/snapshots/index.ts'
import type { Page, PageRequest } from '../../store/cursor.ts'
import type { Store } from '../../store/Store.ts'
import { findTombstone } from '../../store/tombstones.ts'
import {
  addVersion,
  deleteVersions,
  findVersion,
  listVersions,
  relabelVersion,
  type VersionRow,
} from '../../store/versions.ts'
import type { DocumentAccess, Editor } from '../DocumentAccess.ts'
import { mergeIntoDocument, readDocument } from '../tree/index.ts'
import { superseded } from './retention.ts'

export interface HistoryOptions {
  readonly store: Store
  readonly objects: ObjectStore
  readonly documents: DocumentAccess
  /** Automatic versions are kept this long, ms. */
  readonly keepMs: number
}

export interface NewVersion {
  readonly kind: VersionRow['kind']
  /** Who made it, or the last edit in it; null when nobody is known. */
  readonly authorId: string | null
  readonly label?: string | undefined
}

const versionsPerPage = 500

/**
 * The number before the id is the epoch, which says whose data key encrypts it. There are versions of epoch 0 only: a
 * document that was erased gets none.
 */
const versionKey = (documentName: string, id: string): string => `${versionKeyPrefix(documentName)}0-${id}`

/** Key prefix of everything that belongs to versions of a document. */
const versionKeyPrefix = (documentName: string): string =>
  `documents/${encodeDocumentName(documentName)}/versions/`

/** The versions of documents: whole states, rows in the store and content in the object store. */
export class History {
  readonly #options: HistoryOptions

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  /**
   * Keeps the document as it is now.
   *
   * @throws {CodraftError} CODRAFT_DOCUMENT_NOT_FOUND, CODRAFT_DOCUMENT_ERASED
   */
  async create(documentName: string, { kind, authorId, label }: NewVersion): Promise<VersionRow> {
    const { store, objects, documents } = this.#options
    const state = await documents.read(documentName, (document) => encodeStateAsUpdate(document))
    if (!state) throw new CodraftError('CODRAFT_DOCUMENT_NOT_FOUND')
    const id = randomUUID()
    const version: VersionRow = {
      id,
      documentName,
      objectKey: versionKey(documentName, id),
      authorId,
      label: label ?? null,
      kind,
      createdAt: Date.now(),
      bytes: state.length,
    }
    await objects.put(version.objectKey, await encodeSnapshot(state))
    try {
      await store.transaction(documentName, async (tx) => {
        // Whoever has erased the document has looked for its objects already.
        if (await findTombstone(tx, documentName)) throw new CodraftError('CODRAFT_DOCUMENT_ERASED')
        await addVersion(tx, version)
      })
    } catch (error) {
      await objects.delete(version.objectKey)
      throw error
    }
    return version
  }

  list(documentName: string, page: PageRequest): Promise<Page<VersionRow>> {
    return listVersions(this.#options.store.of(documentName), documentName, page)
  }

  /** @throws {CodraftError} CODRAFT_VERSION_NOT_FOUND */
  async find(documentName: string, id: string): Promise<VersionRow> {
    const version = await findVersion(this.#options.store.of(documentName), documentName, id)
    if (!version) throw new CodraftError('CODRAFT_VERSION_NOT_FOUND')
    return version
  }

  /**
   * Calls `use` with the document as it was; `use` must not keep it.
   *
   * @throws {CodraftError} CODRAFT_VERSION_NOT_FOUND, CODRAFT_DOCUMENT_CORRUPT
   */
  async read<Result>(documentName: string, id: string, use: (document: Doc) => Result): Promise<Result> {
    const { objectKey } = await this.find(documentName, id)
    const object = await this.#options.objects.get(objectKey)
    if (!object)
      throw new CodraftError('CODRAFT_DOCUMENT_CORRUPT', `${documentName}: ${objectKey} is missing`)
    const document = new Doc()
    try {
      applyUpdate(document, await decodeSnapshot(object.body))
      return use(document)
    } finally {
      document.destroy()
    }
  }

  /**
   * Makes the document read again as it did, by an edit: what others type meanwhile merges with it, and what was is a
   * version of its own.
   *
   * @returns the version that keeps what was there before
   */
  async restore(documentName: string, id: string, editor: Editor): Promise<VersionRow> {
    const { tree, text, ...place } = await this.read(documentName, id, (document) => {
      const { tree, text, root, editor } = readDocument(document)
      return { tree, text, root, editor }
    })
    const authorId = editor.context.user.id
    const before = await this.create(documentName, { kind: 'automatic', authorId })
    await this.#options.documents.edit(documentName, editor, (document, origin) =>
      mergeIntoDocument(document, tree, { ...place, origin, ...(text !== undefined && { text }) }),
    )
    return before
  }

  /** @throws {CodraftError} CODRAFT_VERSION_NOT_FOUND */
  async relabel(documentName: string, id: string, label: string | null): Promise<void> {
    const isKnown = await relabelVersion(this.#options.store.of(documentName), documentName, id, label)
    if (!isKnown) throw new CodraftError('CODRAFT_VERSION_NOT_FOUND')
  }

  /** @throws {CodraftError} CODRAFT_VERSION_NOT_FOUND */
  async delete(documentName: string, id: string): Promise<void> {
    await this.#delete(documentName, [await this.find(documentName, id)])
  }

  /** Deletes automatic versions that have become too many. */
  async thinOut(documentName: string): Promise<void> {
    const versions: VersionRow[] = []
    let cursor: string | undefined
    do {
      const page = await this.list(documentName, { cursor, limit: versionsPerPage })
      versions.push(...page.items)
      cursor = page.cursor
    } while (cursor !== undefined)
    const ids = new Set(superseded(versions, Date.now(), this.#options.keepMs))
    await this.#delete(
      documentName,
      versions.filter(({ id }) => ids.has(id)),
    )
  }

  /** Removes the content of all versions; their rows go with those of the document. */
  async erase(documentName: string): Promise<void> {
    const { objects } = this.#options
    for await (const key of objects.list(versionKeyPrefix(documentName))) await objects.delete(key)
  }

  async #delete(documentName: string, versions: readonly VersionRow[]): Promise<void> {
    const { store, objects } = this.#options
    // Rows first: a version that is listed can be read.
    const ids = versions.map(({ id }) => id)
    await deleteVersions(store.of(documentName), documentName, ids)
    for (const { objectKey } of versions) await objects.delete(objectKey)
  }
}
