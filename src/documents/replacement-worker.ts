import { parentPort, workerData } from 'node:worker_threads'
import { CodraftError, type ErrorCode } from '../../extensions/errors.ts'
import { updateOf, type Replacement } from './replacement.ts'

export type ReplacementAnswer =
  | { readonly update: Uint8Array }
  | { readonly code: ErrorCode | undefined; readonly detail: string }

const answer = (): ReplacementAnswer => {
  try {
    return { update: updateOf(workerData as Replacement) }
  } catch (error) {
    if (!(error instanceof CodraftError)) return { code: undefined, detail: String(error) }
    return { code: error.errorCode, detail: error.message.slice(error.errorCode.length + 2) }
  }
}

parentPort?.postMessage(answer())
