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
/** A reader refuses layouts that it does not know; a record has the first one that can hold it. */
const plainLayout = 1
const tracedLayout = 2

/**
 * The bytes of a record: mark, layout, time, then for each update an origin and the bytes. An origin is
 * `user << 1 | hasOpId`; user 0 is unknown, n the nth user id of this record, which stands where n is used first. With
 * the traced layout it is `user << 2 | hasTraceparent << 1 | hasOpId`.
 */
export const encodeRecord = ({ time = 0, updates, origins }: RecordContent): Uint8Array => {
  const encoder = encoding.createEncoder()
  const isTraced = origins.some(hasTraceparent)
  for (const value of [metadataMark, isTraced ? tracedLayout : plainLayout, time])
    encoding.writeVarUint(encoder, value)
  const users = new Map<string, number>()
  for (const [index, update] of updates.entries()) {
    const { userId, opId, traceparent } = origins[index] ?? unknownOrigin
    const known = userId === undefined ? 0 : users.get(userId)
    let tag = known ?? users.size + 1
    if (isTraced) tag = (tag << 1) | (traceparent === undefined ? 0 : 1)
    encoding.writeVarUint(encoder, (tag << 1) | (opId === undefined ? 0 : 1))
    if (userId !== undefined && known === undefined) {
      users.set(userId, users.size + 1)
      encoding.writeVarString(encoder, userId)
    }
    if (opId !== undefined) encoding.writeVarString(encoder, opId)
    if (traceparent !== undefined) encoding.writeVarString(encoder, traceparent)
    encoding.writeVarUint8Array(encoder, update)
  }
  return encoding.toUint8Array(encoder)
}

/** @throws when `body` was not made by {@link encodeRecord} */
export const decodeRecord = (body: Uint8Array): RecordContent => {
  if (body[0] !== metadataMark) return decodeBareUpdates(body)
  const decoder = decoding.createDecoder(body)
  decoding.readVarUint(decoder)
  const layout = decoding.readVarUint(decoder)
  if (layout !== plainLayout && layout !== tracedLayout)
    throw new Error(`journal record of layout ${layout}; this version reads up to ${tracedLayout}`)
  const isTraced = layout === tracedLayout
  const time = decoding.readVarUint(decoder)
  const updates: Uint8Array[] = []
  const origins: EditOrigin[] = []
  const users: EditOrigin[] = [unknownOrigin]
  while (decoding.hasContent(decoder)) {
    const tag = decoding.readVarUint(decoder)
    const user = tag >> (isTraced ? 2 : 1)
    if (user === users.length) users.push(Object.freeze({ userId: decoding.readVarString(decoder) }))
    let origin = users[user]
    if (!origin) throw new Error('journal record names an unknown user')
    if (tag & 1) origin = { ...origin, opId: decoding.readVarString(decoder) }
    if (isTraced && tag & 2) origin = { ...origin, traceparent: decoding.readVarString(decoder) }
    origins.push(origin)
    updates.push(decoding.readVarUint8Array(decoder))
  }
  return { ...(time > 0 && { time }), updates, origins }
}

const hasTraceparent = ({ traceparent }: EditOrigin): boolean => traceparent !== undefined

const none: readonly string[] = []

/** The `traceparent` of each edit that is traced. */
export const tracesOf = (origins: readonly EditOrigin[]): readonly string[] =>
  origins.some(hasTraceparent) ? origins.flatMap(({ traceparent }) => traceparent ?? []) : none

/** Records of journals that kept no metadata: updates, each with its length before it. */
const decodeBareUpdates = (body: Uint8Array): RecordContent => {
  const decoder = decoding.createDecoder(body)
  const updates: Uint8Array[] = []
  while (decoding.hasContent(decoder)) updates.push(decoding.readVarUint8Array(decoder))
  return { updates, origins: updates.map(() => unknownOrigin) }
}
