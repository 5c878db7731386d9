import { decodeUpdate, type Doc } from 'yjs'
import { checkStructure } from './check-structure.ts'
import type { GuardLimits } from './limits.ts'
import { scanUpdate } from './scan-update.ts'
import { MalformedUpdate } from './UpdateReader.ts'

/**
 * - `resync`: the update builds on something that the document lacks; the client has it, so ask for it.
 * - `reject`: no honest client sends this.
 */
export type GuardVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly action: 'resync' | 'reject'; readonly reason: string }

const accepted: GuardVerdict = { ok: true }
const resync = (reason: string): GuardVerdict => ({ ok: false, action: 'resync', reason })
const reject = (reason: string): GuardVerdict => ({ ok: false, action: 'reject', reason })

/**
 * Checks a V1 update before it is applied. Yjs itself trusts its input: a few bytes can leave a document that no replica
 * can read or that never reports a change again, and a small message can keep the process busy for a minute. Costs as
 * much as the update is long, whatever the size of the document, and changes nothing.
 *
 * Three things it does not see. A client that reuses its own clock for different content: that would need the content of
 * both. A right neighbour that is left of the left one, and structs placed so that Yjs has to walk a long list for each:
 * both depend on the order of the list. For the time that such a walk takes see `applyUpdateWithin`.
 */
export const checkUpdate = (document: Doc, update: Uint8Array, limits: GuardLimits): GuardVerdict => {
  if (update.length > limits.maxBytes) return reject(`larger than ${limits.maxBytes} bytes`)
  try {
    const { lacks, isStructural } = scanUpdate(document, update, limits)
    if (lacks !== undefined) return resync(lacks)
    if (isStructural) checkStructure(document, decodeUpdate(update).structs, limits.maxDepth)
    return accepted
  } catch (error) {
    return reject(error instanceof MalformedUpdate ? error.message : 'cannot be decoded')
  }
}
