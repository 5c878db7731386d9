import * as decoding from 'lib0/decoding'
import {
  ContentAny,
  ContentEmbed,
  ContentFormat,
  ContentJSON,
  decodeUpdate,
  getState,
  ID,
  Item,
  Skip,
  type AbstractStruct,
  type Doc,
} from 'yjs'

export interface GuardLimits {
  /** Of the whole update. */
  readonly maxBytes: number
  /** Authors in one update. */
  readonly maxClients: number
  /** Length of one struct: characters of a run of text, or of a run of deleted content. */
  readonly maxStructLength: number
  /** Highest clock of a client. */
  readonly maxClock: number
  /** Nesting of JSON values in attributes, maps and arrays. */
  readonly maxDepth: number
}

/** For a single edit or paste. */
export const defaultGuardLimits: GuardLimits = {
  maxBytes: 1024 * 1024,
  maxClients: 1_000,
  maxStructLength: 2_000_000,
  maxClock: 2 ** 40,
  maxDepth: 100,
}

/** For a client's answer to sync step 1, which may hold weeks of offline work by many authors. */
export const defaultSyncLimits: GuardLimits = {
  ...defaultGuardLimits,
  maxBytes: 16 * 1024 * 1024,
  maxClients: 50_000,
  maxStructLength: 2 ** 31,
}

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

/** No authors and no deletions. */
const emptyUpdateLength = 2

/** No client takes fewer bytes in an update. */
const minBytesPerClient = 4

/**
 * Checks a V1 update before it is applied. Yjs itself trusts its input: a few bytes can leave a document that no
 * replica can read, and a message of 48 kB can keep it busy for a second. Costs as much as the update is long, and
 * changes nothing.
 *
 * A client that reuses its own clock for different content is not seen: that would need the content of both.
 */
export const checkUpdate = (document: Doc, update: Uint8Array, limits: GuardLimits): GuardVerdict => {
  if (update.length > limits.maxBytes) return reject(`larger than ${limits.maxBytes} bytes`)
  let decoded: ReturnType<typeof decodeUpdate>
  try {
    const clients = decoding.readVarUint(decoding.createDecoder(update))
    if (clients > limits.maxClients || clients * minBytesPerClient > update.length)
      return reject('too many clients')
    decoded = decodeUpdate(update)
  } catch {
    // Includes the stack overflow of JSON nested many thousand levels deep.
    return reject('cannot be decoded')
  }
  // An update of format V2 reads as an empty one of V1 with something behind it.
  const isEmpty = decoded.structs.length === 0 && decoded.ds.clients.size === 0
  if (isEmpty && update.length > emptyUpdateLength) return reject('has trailing bytes')
  return checkStructs(document, decoded, limits)
}

const checkStructs = (
  document: Doc,
  { structs, ds }: ReturnType<typeof decodeUpdate>,
  limits: GuardLimits,
): GuardVerdict => {
  const states = new Map<number, number>()
  const stateOf = (client: number): number => states.get(client) ?? getState(document.store, client)
  for (const struct of structs) {
    const { id, length } = struct
    if (struct instanceof Skip) return resync('has a gap')
    const end = id.clock + length
    if (!(length > 0) || length > limits.maxStructLength || end > limits.maxClock)
      return reject('absurd length')
    const state = stateOf(id.client)
    if (id.clock > state) return resync('has a gap')
    if (end > state) states.set(id.client, end)
  }
  for (const struct of structs) {
    if (!(struct instanceof Item)) continue
    if (references(struct).some(({ client, clock }) => clock >= stateOf(client)))
      return resync('lacks what it refers to')
    if (isTooDeep(struct, limits.maxDepth)) return reject('nested too deep')
  }
  for (const [client, ranges] of ds.clients) {
    const state = stateOf(client)
    for (const { clock, len } of ranges) if (clock + len > state) return resync('deletes what it lacks')
  }
  return accepted
}

const references = ({ origin, rightOrigin, parent }: Item): ID[] =>
  [origin, rightOrigin, parent].filter((reference) => reference instanceof ID)

const isTooDeep = (struct: AbstractStruct, maxDepth: number): boolean => {
  const content: unknown = struct instanceof Item ? struct.content : undefined
  if (content instanceof ContentAny || content instanceof ContentJSON)
    return isDeeper(content.arr, maxDepth + 1)
  if (content instanceof ContentEmbed) return isDeeper(content.embed, maxDepth)
  if (content instanceof ContentFormat) return isDeeper(content.value, maxDepth)
  return false
}

const isDeeper = (value: unknown, levels: number): boolean => {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}
