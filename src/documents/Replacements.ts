import { Worker } from 'node:worker_threads'
import { encodeStateAsUpdate, type Doc } from 'yjs'
import { CodraftError } from '../../extensions/errors.ts'
import { siblingModule } from '../../extensions/sibling-module.ts'
import { updateOf, type Replacement } from './replacement.ts'
import type { ReplacementAnswer } from './replacement-worker.ts'
import type { ContentFormat } from './tree/index.ts'

/** Document and new content together, bytes: less is merged at once, in a few milliseconds. */
const maxBytesAtOnce = 16_384

/** Heap of the thread, MiB. */
const maxHeapMb = 1_024

/**
 * Computes the edits that replace the content of documents. A large one takes seconds, and is made by a thread of its
 * own, one after the other, while everybody's edits go on here.
 */
export class Replacements {
  #queue: Promise<unknown> = Promise.resolve()

  /**
   * The edit that gives `document` the content of `source`, a Yjs update (V1). The document may change meanwhile: the edit
   * merges with that.
   *
   * @throws {CodraftError} CODRAFT_CONTENT_INVALID, CODRAFT_CONTENT_TOO_LARGE
   */
  async updateFor(document: Doc, format: ContentFormat, source: string): Promise<Uint8Array> {
    const state = encodeStateAsUpdate(document) as Uint8Array<ArrayBuffer>
    const replacement = { state, format, source }
    if (state.length + source.length <= maxBytesAtOnce) return updateOf(replacement)
    const result = this.#queue.then(() => inThread(replacement))
    this.#queue = result.catch(() => undefined)
    return result
  }
}

const inThread = async (replacement: Replacement): Promise<Uint8Array> => {
  const { promise, resolve, reject } = Promise.withResolvers<ReplacementAnswer>()
  const worker = new Worker(siblingModule(import.meta.url, 'replacement-worker'), {
    name: 'codraft-replacement',
    workerData: replacement,
    transferList: [replacement.state.buffer],
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  })
  worker.on('message', resolve)
  worker.on('error', (error: NodeJS.ErrnoException) =>
    reject(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? new CodraftError('CODRAFT_CONTENT_TOO_LARGE', 'takes too much memory')
        : error,
    ),
  )
  worker.on('exit', (code) => reject(new Error(`the thread ended with code ${code}`)))
  const answer = await promise
  if ('update' in answer) return answer.update
  throw answer.code ? new CodraftError(answer.code, answer.detail) : new Error(answer.detail)
}
