import { randomUUID } from 'node:crypto'
import { newEvent } from '../../extensions/events/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import type { Actor } from '../documents/audit.ts'
import type { Erasable } from '../documents/Eraser.ts'
import { addAuditEntries } from '../store/audit.ts'
import type { Page, PageRequest } from '../store/cursor.ts'
import {
  addExport,
  countUnfinished,
  deleteExports,
  findExport,
  listExports,
  selectExports,
  type ExportRow,
} from '../store/exports.ts'
import { addEvent } from '../store/outbox.ts'
import type { StoreDatabase } from '../store/schema.ts'
import type { Store } from '../store/Store.ts'
import type { DownloadLink, Downloads } from './downloads/Downloads.ts'
import { deleteFiles } from './export-files.ts'
import { mediaTypes, type ExportFormat, type RequestedOptions } from './ExportOptions.ts'

export interface ExportsOptions {
  readonly store: Store
  readonly downloads: Downloads
  /** Files are kept this long, ms. */
  readonly keepMs: number
}

export interface NewExport {
  readonly documentName: string
  readonly format: ExportFormat
  readonly options: RequestedOptions
  readonly by: Actor & { readonly userId: string }
}

/** Unfinished exports of one document by one user. */
const maxUnfinished = 10

/** Files of documents that users ask for. A worker makes them: see ExportJob. */
export class Exports implements Erasable {
  readonly #options: ExportsOptions

  constructor(options: ExportsOptions) {
    this.#options = options
  }

  /**
   * Asks for a file of the document.
   *
   * @throws {CodraftError} CODRAFT_TOO_MANY_EXPORTS
   */
  request({ documentName, format, options, by }: NewExport): Promise<ExportRow> {
    const { userId } = by
    return this.#options.store.transaction(documentName, async (tx) => {
      if ((await countUnfinished(tx, documentName, userId)) >= maxUnfinished)
        throw new CodraftError('CODRAFT_TOO_MANY_EXPORTS')
      const createdAt = Date.now()
      const row = await addExport(tx, {
        id: randomUUID(),
        documentName,
        requestedBy: userId,
        format,
        options: JSON.stringify(options),
        createdAt,
      })
      const data = { exportId: row.id, format }
      await addEvent(tx, newEvent('export.requested', { documentName, userId, data, time: createdAt }))
      await addAuditEntries(tx, [
        { documentName, action: 'exported', at: createdAt, ...by, detail: { format } },
      ])
      return row
    })
  }

  /** @throws {CodraftError} CODRAFT_EXPORT_NOT_FOUND */
  async find(id: string): Promise<ExportRow> {
    const found = await Promise.all(this.#options.store.all.map((db) => findExport(db, id)))
    const row = found.find((candidate) => candidate !== undefined)
    if (!row) throw new CodraftError('CODRAFT_EXPORT_NOT_FOUND')
    return row
  }

  list(documentName: string, page: PageRequest): Promise<Page<ExportRow>> {
    return listExports(this.#options.store.of(documentName), documentName, page)
  }

  /** Where the file can be fetched, for an hour; undefined while there is none. */
  async link({ objectKey: key, fileName, format }: ExportRow): Promise<DownloadLink | undefined> {
    if (key === null || fileName === null) return undefined
    return this.#options.downloads.link({ key, fileName, mediaType: mediaTypes[format as ExportFormat] })
  }

  /** Removes the files of a document; their rows go with those of the document. */
  async erase(documentName: string): Promise<void> {
    await deleteFiles(this.#options.downloads, documentName)
  }

  async eraseUser(userId: string): Promise<void> {
    for (const db of this.#options.store.all)
      await this.#remove(await selectExports(db, { requestedBy: userId }))
  }

  /** Removes what is older than it is kept. */
  readonly prune = async (db: StoreDatabase, now: number): Promise<void> =>
    this.#remove(await selectExports(db, { before: now - this.#options.keepMs }))

  async #remove(rows: readonly Pick<ExportRow, 'id' | 'documentName'>[]): Promise<void> {
    const { store, downloads } = this.#options
    for (const [documentName, some] of Map.groupBy(rows, (row) => row.documentName)) {
      const ids = some.map(({ id }) => id)
      const keys = await store.transaction(documentName, (tx) => deleteExports(tx, documentName, ids))
      for (const key of keys) await downloads.delete(key)
    }
  }
}
