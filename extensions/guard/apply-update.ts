import * as encoding from 'lib0/encoding'
import { applyUpdate, decodeUpdate, transact, UpdateEncoderV1, type AbstractStruct, type Doc } from 'yjs'
import { causalOrder } from './causal-order.ts'

type DecodedUpdate = ReturnType<typeof decodeUpdate>

/** Below these the work of one step is bounded anyway. */
const minBytes = 512
const structsPerStep = 32

export interface ApplyBudget {
  /** CPU time for any update, ms. @default 100 */
  readonly baseMs: number
  /** Further CPU time for each struct, ms; Yjs takes a tenth of it for an ordinary one. @default 0.02 */
  readonly msPerStruct: number
}

export const defaultApplyBudget: ApplyBudget = { baseMs: 100, msPerStruct: 0.02 }

/** Of this thread, ms: on a loaded machine the time of the clock says little about an update. */
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/**
 * Applies an update that {@link checkUpdate} has accepted, as `Y.applyUpdate` does, in one transaction; gives up when that
 * takes far longer than such an update should. What was applied until then is a valid part of the update: it is
 * reported, stored and sent like any other change, and a client that reconnects sends only the rest.
 *
 * @returns whether all of it was applied
 */
export const applyUpdateWithin = (
  document: Doc,
  update: Uint8Array,
  origin: unknown,
  budget: ApplyBudget = defaultApplyBudget,
): boolean => {
  const decoded = update.length > minBytes ? decodeUpdate(update) : undefined
  if (!decoded || decoded.structs.length <= structsPerStep) {
    applyUpdate(document, update, origin)
    return true
  }
  const deadline = cpuMs() + budget.baseMs + decoded.structs.length * budget.msPerStruct
  return transact(
    document,
    () => {
      for (const step of steps(causalOrder(document, decoded.structs))) {
        applyUpdate(document, encodeStructs(step), origin)
        if (cpuMs() > deadline) return false
      }
      applyUpdate(document, encodeDeletions(decoded.ds), origin)
      return true
    },
    origin,
    false,
  )
}

/** Groups structs that follow each other in the clock of one client. */
function* steps(structs: Iterable<AbstractStruct>): Generator<AbstractStruct[]> {
  let step: AbstractStruct[] = []
  for (const struct of structs) {
    const last = step.at(-1)
    const follows =
      last && last.id.client === struct.id.client && last.id.clock + last.length === struct.id.clock
    if (last && (!follows || step.length === structsPerStep)) {
      yield step
      step = []
    }
    step.push(struct)
  }
  if (step.length > 0) yield step
}

const encodeStructs = (structs: readonly AbstractStruct[]): Uint8Array => {
  const encoder = new UpdateEncoderV1()
  const { client, clock } = structs[0]!.id
  for (const value of [1, structs.length, client, clock]) encoding.writeVarUint(encoder.restEncoder, value)
  for (const struct of structs) struct.write(encoder, 0, 0)
  encoding.writeVarUint(encoder.restEncoder, 0)
  return encoder.toUint8Array()
}

const encodeDeletions = (deletions: DecodedUpdate['ds']): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarUint(encoder, deletions.clients.size)
    for (const [client, ranges] of deletions.clients) {
      encoding.writeVarUint(encoder, client)
      encoding.writeVarUint(encoder, ranges.length)
      for (const { clock, len } of ranges) {
        encoding.writeVarUint(encoder, clock)
        encoding.writeVarUint(encoder, len)
      }
    }
  })
