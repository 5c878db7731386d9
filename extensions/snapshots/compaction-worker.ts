import { parentPort, workerData } from 'node:worker_threads'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'

/** Updates are V1, in the order of the journal. */
export interface CompactionJob {
  readonly state?: Uint8Array
  readonly updates: readonly Uint8Array[]
}

export interface CompactionWorkerData {
  readonly gc: boolean
}

export type CompactionAnswer = { readonly state: Uint8Array<ArrayBuffer> } | { readonly error: string }

const port = parentPort
if (!port) throw new Error('compaction-worker.ts runs in a worker thread')
const { gc } = workerData as CompactionWorkerData

/** Y.mergeUpdates would take minutes for 50,000 updates, and would not collect what was deleted. */
const compact = ({ state, updates }: CompactionJob): Uint8Array<ArrayBuffer> => {
  const document = new Doc({ gc })
  document.transact(() => {
    if (state) applyUpdate(document, state)
    for (const update of updates) applyUpdate(document, update)
  })
  return encodeStateAsUpdate(document) as Uint8Array<ArrayBuffer>
}

port.on('message', (job: CompactionJob) => {
  let answer: CompactionAnswer
  try {
    answer = { state: compact(job) }
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) }
  }
  port.postMessage(answer, 'state' in answer ? [answer.state.buffer] : [])
})
