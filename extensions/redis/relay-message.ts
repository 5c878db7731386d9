import type { Position } from '../journal/Journal.ts'

/** Length of the name of an instance at the beginning of each message. */
export const instanceTagLength = 8

/** What instances tell each other on the channel of a document's edits. */
export type RelayMessage = { readonly instance: string } & (
  | {
      readonly kind: 'record'
      readonly position: Position
      /** Undefined when it is too large to be announced: it is read from the stream. */
      readonly body: Buffer | undefined
    }
  /** What the sender has at `position`. */
  | { readonly kind: 'digest'; readonly position: Position; readonly digest: string }
  /** The sender asks for what it lacks. */
  | { readonly kind: 'vector'; readonly stateVector: Buffer }
  /** An update that somebody has asked for. */
  | { readonly kind: 'difference'; readonly update: Buffer }
)

const separators = { record: ':', digest: '=', vector: '?', difference: '!' } as const
const kinds = new Map(Object.entries(separators).map(([kind, text]) => [text.charCodeAt(0), kind]))

/** `instance`, a position where there is one, a separator that says the kind, and a body. */
export const encodeRelayMessage = (
  instance: string,
  kind: Exclude<keyof typeof separators, 'record'>,
  position: Position | '',
  body: Uint8Array,
): Buffer => Buffer.concat([Buffer.from(`${instance}${position}${separators[kind]}`, 'latin1'), body])

/** Undefined when it is none. Records are encoded by the script that appends them. */
export const decodeRelayMessage = (message: Buffer): RelayMessage | undefined => {
  let end = instanceTagLength
  while (end < message.length && isDigit(message[end] as number)) end += 1
  const kind = kinds.get(message[end] as number)
  const instance = message.toString('latin1', 0, instanceTagLength)
  const position = Number(message.toString('latin1', instanceTagLength, end))
  const body = message.subarray(end + 1)
  switch (kind) {
    case 'record':
      return { instance, kind, position, body: body.length === 0 ? undefined : body }
    case 'digest':
      return { instance, kind, position, digest: body.toString('latin1') }
    case 'vector':
      return { instance, kind, stateVector: body }
    case 'difference':
      return { instance, kind, update: body }
    default:
      return undefined
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
