import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** The updates of one record, each with its length before it. */
export const encodeUpdates = (updates: readonly Uint8Array[]): Uint8Array => {
  const encoder = encoding.createEncoder()
  for (const update of updates) encoding.writeVarUint8Array(encoder, update)
  return encoding.toUint8Array(encoder)
}

/** @throws when `body` was not made by {@link encodeUpdates} */
export const decodeUpdates = (body: Uint8Array): Uint8Array[] => {
  const decoder = decoding.createDecoder(body)
  const updates: Uint8Array[] = []
  while (decoding.hasContent(decoder)) updates.push(decoding.readVarUint8Array(decoder))
  return updates
}
