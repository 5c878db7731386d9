import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { EditOrigin } from './Journal.ts'

/** What a driver stores as one record. */
export interface RecordContent {
  /** When the first of its updates was appended, ms since the epoch; undefined in records that do not know it. */
  readonly time?: number
  /** Yjs updates (V1) in the order of their appends. */
  readonly updates: readonly Uint8Array[]
  /** Where each of `updates` came from. */
  readonly origins: readonly EditOrigin[]
}

export const unknownOrigin: EditOrigin = Object.freeze({})

/** Records without metadata begin with the length of their first update; no Yjs update has a length of 0. */
const metadataMark = 0
/** Grows when the layout changes; a reader refuses what it does not know. */
const layout = 1

/**
 * The bytes of a record: mark, layout, time, then for each update an origin and the bytes. An origin is
 * `user << 1 | hasOpId`; user 0 is unknown, n the nth user id of this record, which stands where n is used first.
 */
export const encodeRecord = ({ time = 0, updates, origins }: RecordContent): Uint8Array => {
  const encoder = encoding.createEncoder()
  for (const value of [metadataMark, layout, time]) encoding.writeVarUint(encoder, value)
  const users = new Map<string, number>()
  for (const [index, update] of updates.entries()) {
    const { userId, opId } = origins[index] ?? unknownOrigin
    const known = userId === undefined ? 0 : users.get(userId)
    encoding.writeVarUint(encoder, ((known ?? users.size + 1) << 1) | (opId === undefined ? 0 : 1))
    if (userId !== undefined && known === undefined) {
      users.set(userId, users.size + 1)
      encoding.writeVarString(encoder, userId)
    }
    if (opId !== undefined) encoding.writeVarString(encoder, opId)
    encoding.writeVarUint8Array(encoder, update)
  }
  return encoding.toUint8Array(encoder)
}

/** @throws when `body` was not made by {@link encodeRecord} */
export const decodeRecord = (body: Uint8Array): RecordContent => {
  if (body[0] !== metadataMark) return decodeBareUpdates(body)
  const decoder = decoding.createDecoder(body)
  decoding.readVarUint(decoder)
  const found = decoding.readVarUint(decoder)
  if (found !== layout) throw new Error(`journal record of layout ${found}; this version reads ${layout}`)
  const time = decoding.readVarUint(decoder)
  const updates: Uint8Array[] = []
  const origins: EditOrigin[] = []
  const users: EditOrigin[] = [unknownOrigin]
  while (decoding.hasContent(decoder)) {
    const tag = decoding.readVarUint(decoder)
    const user = tag >> 1
    if (user === users.length) users.push(Object.freeze({ userId: decoding.readVarString(decoder) }))
    const origin = users[user]
    if (!origin) throw new Error('journal record names an unknown user')
    origins.push(tag & 1 ? { ...origin, opId: decoding.readVarString(decoder) } : origin)
    updates.push(decoding.readVarUint8Array(decoder))
  }
  return { ...(time > 0 && { time }), updates, origins }
}

/** Records of journals that kept no metadata: updates, each with its length before it. */
const decodeBareUpdates = (body: Uint8Array): RecordContent => {
  const decoder = decoding.createDecoder(body)
  const updates: Uint8Array[] = []
  while (decoding.hasContent(decoder)) updates.push(decoding.readVarUint8Array(decoder))
  return { updates, origins: updates.map(() => unknownOrigin) }
}
