import { createHash } from 'node:crypto'
import { newEvent, type EventData } from '../../extensions/events/index.ts'
import { CodraftError, type ErrorCode } from '../../extensions/errors.ts'
import { assertAvailable } from '../documents/availability.ts'
import type { DocumentReader } from '../documents/read-stored.ts'
import { findDocument } from '../store/documents.ts'
import {
  changeUnfinished,
  findExport,
  findFile,
  type ExportChanges,
  type ExportRow,
} from '../store/exports.ts'
import { addEvent } from '../store/outbox.ts'
import type { StoreDatabase } from '../store/schema.ts'
import type { Store } from '../store/Store.ts'
import { findTombstone } from '../store/tombstones.ts'
import { readSource } from './anchored-comments.ts'
import type { Downloads } from './downloads/Downloads.ts'
import { fileNameOf } from './downloads/file-name.ts'
import { exportDocument, type ExportServices } from './export-document.ts'
import { mediaTypes, type ExportedFile, type ExportFormat, type RequestedOptions } from './ExportOptions.ts'
import { deleteFiles, exportPrefix } from './export-files.ts'

export interface ExportJobOptions extends ExportServices {
  readonly store: Store
  readonly downloads: Downloads
  readonly read: DocumentReader
}

/** What another attempt would end with, too. */
const permanent: ReadonlySet<ErrorCode> = new Set([
  'CODRAFT_EXPORT_FAILED',
  'CODRAFT_EXPORT_TOO_LARGE',
  'CODRAFT_CONTENT_TOO_LARGE',
  'CODRAFT_DOCUMENT_NOT_FOUND',
  'CODRAFT_DOCUMENT_DELETED',
  'CODRAFT_DOCUMENT_ERASED',
  'CODRAFT_DOCUMENT_CORRUPT',
  'CODRAFT_ENCRYPTION_KEY_MISSING',
])

const progress = { read: 10, rendered: 80 } as const

/** Makes the files that users have asked for; a finished export is not made again. */
export class ExportJob {
  readonly #options: ExportJobOptions

  constructor(options: ExportJobOptions) {
    this.#options = options
  }

  /**
   * Makes the file and tells the user; or tells why it cannot be made, where that does not depend on the moment.
   *
   * @throws what may pass: the export stays unfinished
   */
  async run(documentName: string, id: string): Promise<void> {
    const { store, downloads } = this.#options
    const db = store.of(documentName)
    const row = await findExport(db, id)
    // An earlier attempt may have ended between writing its file and looking whether the document is erased.
    if (!row && (await findTombstone(db, documentName))) await deleteFiles(downloads, documentName)
    const started = { state: 'running', progress: 0, startedAt: Date.now() } as const
    if (!row || !(await changeUnfinished(db, id, started))) return
    try {
      await this.#make(db, row)
    } catch (error) {
      if (!(error instanceof CodraftError) || !permanent.has(error.errorCode)) throw error
      await this.#fail(row, error)
    }
  }

  /** Gives an export up for a reason that could have passed. */
  async giveUp(documentName: string, id: string, error: CodraftError): Promise<void> {
    const row = await findExport(this.#options.store.of(documentName), id)
    if (row) await this.#fail(row, error)
  }

  async #make(db: StoreDatabase, row: ExportRow): Promise<void> {
    const { store, read } = this.#options
    const { id, documentName } = row
    const format = row.format as ExportFormat
    const { includeComments = true, ...options } = JSON.parse(row.options) as RequestedOptions
    await assertAvailable(store, documentName)
    const source = await readSource(read, documentName, { includeComments })
    if (!source) throw new CodraftError('CODRAFT_DOCUMENT_NOT_FOUND')
    await changeUnfinished(db, id, { progress: progress.read })
    const file = await exportDocument(
      source.reading,
      format,
      { ...options, comments: source.comments },
      this.#options,
    )
    await changeUnfinished(db, id, { progress: progress.rendered })
    await this.#keep(row, file, {
      stateVector: source.stateVector,
      fileName: fileNameOf((await this.#titleOf(row)) ?? documentName, format),
      notes: JSON.stringify(file.notes),
    })
  }

  async #keep(
    row: ExportRow,
    { bytes, format }: ExportedFile,
    about: Pick<ExportRow, 'stateVector' | 'notes'> & { readonly fileName: string },
  ): Promise<void> {
    const { store, downloads } = this.#options
    const { documentName, createdAt } = row
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const content = { documentName, format, sha256 }
    const done = { ...about, state: 'done', progress: 100, sha256, bytes: bytes.length } as const
    const known = await findFile(store.of(documentName), content)
    if (known !== undefined) {
      // It may be removed together with the export that it was made for.
      const isStillThere = async (tx: StoreDatabase) => (await findFile(tx, content)) === known
      if (await this.#complete(row, { ...done, objectKey: known }, isStillThere)) return
    }
    const objectKey = `${exportPrefix(documentName)}${createdAt}-${sha256.slice(0, 12)}.${format}`
    await downloads.put(objectKey, bytes)
    // Erased meanwhile: whoever did that has looked for its files already.
    if (!(await this.#complete(row, { ...done, objectKey }))) await downloads.delete(objectKey)
  }

  async #complete(
    row: ExportRow,
    changes: ExportChanges & { readonly objectKey: string; readonly fileName: string },
    condition?: (tx: StoreDatabase) => Promise<boolean>,
  ): Promise<boolean> {
    const { objectKey: key, fileName } = changes
    const mediaType = mediaTypes[row.format as ExportFormat]
    const link = await this.#options.downloads.link({ key, fileName, mediaType })
    return this.#finish(row, changes, { state: 'ready', ...link }, condition)
  }

  async #fail(row: ExportRow, { errorCode, message }: CodraftError): Promise<void> {
    const changes = { state: 'failed', errorCode, errorDetail: message } as const
    await this.#finish(row, changes, { state: 'failed', code: errorCode })
  }

  /** Resolves to whether the export was unfinished, and the condition held. */
  async #finish(
    row: ExportRow,
    changes: ExportChanges,
    outcome: Pick<EventData<'export.ready'>, 'state' | 'code' | 'url' | 'expiresAt'>,
    condition: (tx: StoreDatabase) => Promise<boolean> = async () => true,
  ): Promise<boolean> {
    const { id, documentName, format, requestedBy: userId } = row
    const title = await this.#titleOf(row)
    const data = { exportId: id, format, ...outcome, ...(title !== undefined && { title }) }
    const event = newEvent('export.ready', { documentName, userId, data })
    return this.#options.store.transaction(documentName, async (tx) => {
      if (!(await condition(tx))) return false
      const isFinished = await changeUnfinished(tx, id, { ...changes, finishedAt: event.time })
      if (isFinished) await addEvent(tx, event)
      return isFinished
    })
  }

  async #titleOf({ documentName, options }: ExportRow): Promise<string | undefined> {
    const { title } = JSON.parse(options) as RequestedOptions
    const known = await findDocument(this.#options.store.of(documentName), documentName)
    return title ?? known?.title ?? undefined
  }
}
