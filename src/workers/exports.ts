import { openDownloads } from '../downloads.ts'
import type { DocumentReader } from '../documents/read-stored.ts'
import { createImageFetcher, ExportJob, RenderPool, type Downloads } from '../exports/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import { openObjectStore } from '../object-store.ts'
import { openStoredDocuments } from '../stored-documents.ts'
import type { WorkerServices } from './compose.ts'
import { kindOf } from './failures.ts'
import type { Worker } from './Worker.ts'

/** A file that takes too long is tried once more: the machine may have been busy. */
const attempts = 2

/** Makes the files that users have asked for. */
export const exportsWorker = (services: WorkerServices): Worker<'exports'> => {
  const { config, store } = services
  const pool = new RenderPool({ size: config.exportConcurrency, deadlineMs: config.exportDeadlineMs })
  const fetchImage = createImageFetcher()
  let parts: Parts | undefined
  let job: ExportJob | undefined
  return {
    name: 'exports',
    topics: ['exports'],
    concurrency: config.exportConcurrency,
    async start() {
      parts = await openParts(services)
      job = new ExportJob({ store, pool, fetchImage, ...parts })
    },
    async handle({ documentName, data: { exportId } }, { attempt, logger }) {
      try {
        await job?.run(documentName, exportId)
      } catch (error) {
        const isDraining = error instanceof CodraftError && error.errorCode === 'CODRAFT_SERVER_DRAINING'
        if (attempt < attempts || isDraining || kindOf(error) === 'down') throw error
        // The user is told, and a document that breaks the renderer holds up nobody.
        logger.error({ err: error, document: documentName, export: exportId }, 'an export is given up')
        const coded =
          error instanceof CodraftError ? error : new CodraftError('CODRAFT_INTERNAL', '', { cause: error })
        await job?.giveUp(documentName, exportId, coded)
      }
    },
    async stop() {
      await pool.close()
      await parts?.close()
    },
  }
}

interface Parts {
  readonly read: DocumentReader
  readonly downloads: Downloads
  close(): Promise<void>
}

/** Those of the server that the worker runs in; else its own. */
const openParts = async ({ config, documents }: WorkerServices): Promise<Parts> => {
  if (documents) return { ...documents, close: async () => undefined }
  const stored = await openStoredDocuments(config)
  const objects = await openObjectStore(config)
  const url = (): string => `http://${config.host}:${config.port}`
  const downloads = await openDownloads({ config, objects, url })
  return {
    read: stored.read,
    downloads,
    async close() {
      downloads.close()
      objects.close()
      await stored.close()
    },
  }
}
