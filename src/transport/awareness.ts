import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { CodraftError } from '../../extensions/errors.ts'

/** Who stands behind a connection, as its token says. */
export interface Identity {
  readonly userId: string
  readonly name?: string | undefined
}

/** One client in an awareness message; `state` is undefined when the client has left. */
export interface AwarenessEntry {
  readonly clientId: number
  readonly clock: number
  readonly state: Record<string, unknown> | undefined
}

/** An update without entries; it keeps idle connections alive and changes nothing. */
export const emptyAwarenessUpdate = Uint8Array.of(0)

/** A y-websocket client repeats what it has received, so one message may name all clients of a large document. */
const maxEntries = 10_000

/**
 * @throws {CodraftError} CODRAFT_AWARENESS_REJECTED when the update is malformed or a state exceeds `maxStateBytes`
 */
export const decodeAwareness = (update: Uint8Array, maxStateBytes: number): AwarenessEntry[] => {
  try {
    const decoder = decoding.createDecoder(update)
    const count = decoding.readVarUint(decoder)
    if (count > maxEntries)
      throw new CodraftError('CODRAFT_AWARENESS_REJECTED', `more than ${maxEntries} clients`)
    const entries: AwarenessEntry[] = []
    for (let i = 0; i < count; i++) {
      const clientId = decoding.readVarUint(decoder)
      const clock = decoding.readVarUint(decoder)
      const json = decoding.readVarString(decoder)
      if (json.length > maxStateBytes) {
        throw new CodraftError('CODRAFT_AWARENESS_REJECTED', `a state exceeds ${maxStateBytes} bytes`)
      }
      entries.push({ clientId, clock, state: parseState(json) })
    }
    return entries
  } catch (error) {
    if (error instanceof CodraftError) throw error
    throw new CodraftError('CODRAFT_AWARENESS_REJECTED', 'malformed', { cause: error })
  }
}

const parseState = (json: string): Record<string, unknown> | undefined => {
  const state: unknown = JSON.parse(json)
  if (state === null) return undefined
  if (typeof state !== 'object' || Array.isArray(state)) {
    throw new CodraftError('CODRAFT_AWARENESS_REJECTED', 'a state is not an object')
  }
  return state as Record<string, unknown>
}

export const encodeAwareness = (entries: readonly AwarenessEntry[]): Uint8Array => {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, entries.length)
  for (const { clientId, clock, state } of entries) {
    encoding.writeVarUint(encoder, clientId)
    encoding.writeVarUint(encoder, clock)
    encoding.writeVarString(encoder, JSON.stringify(state ?? null))
  }
  return encoding.toUint8Array(encoder)
}

/** The state with the identity of its connection in `user`: whatever id or name the client claims is replaced. */
export const stampIdentity = (
  state: Record<string, unknown>,
  { userId, name }: Identity,
): Record<string, unknown> => {
  const claimed = typeof state['user'] === 'object' && state['user'] !== null ? state['user'] : {}
  return { ...state, user: { ...claimed, id: userId, ...(name === undefined ? {} : { name }) } }
}

/** The user that a stamped state belongs to. */
export const userOf = (state: Record<string, unknown> | undefined): string | undefined => {
  const user = state?.['user']
  return typeof user === 'object' && user !== null && 'id' in user && typeof user.id === 'string'
    ? user.id
    : undefined
}
