import type { FrameKind, Wire } from './wire.ts'

const message = (fields: object): string => JSON.stringify(fields)

const never = (): never => {
  throw new Error('the JSON protocol has no such message')
}

const kinds: Readonly<Record<string, FrameKind>> = {
  joined: 'step2',
  remote_edit: 'update',
  remote_cursor: 'awareness',
  ack: 'ack',
  error: 'denied',
}

/** `{"type":"` */
const typeAt = 9

/** The JSON protocol of codraft; an update is the text that is inserted at the beginning of the document. */
export const jsonWire: Wire = {
  acknowledges: true,
  url: (base) => base.replace(/\/collab$/, '/ws'),
  hello: (documentId, authToken) => [
    message({ type: 'join_document', documentId, authToken, field: 'bench', kind: 'text' }),
  ],
  step1: never,
  step2: never,
  update: (_, update) => message({ type: 'edit', position: 0, insert: Buffer.from(update).toString() }),
  awareness: never,
  keepAlive: () => message({ type: 'ping' }),
  kindOf(frame) {
    const end = frame.indexOf(0x22, typeAt)
    return kinds[Buffer.from(frame.buffer, frame.byteOffset + typeAt, end - typeAt).toString()] ?? 'other'
  },
  payloadOf: never,
}
