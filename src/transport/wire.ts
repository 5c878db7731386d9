/** Message types of the Hocuspocus protocol; 0, 1 and 3 mean the same in the y-websocket protocol. */
export const MessageType = {
  sync: 0,
  awareness: 1,
  auth: 2,
  queryAwareness: 3,
  syncReply: 4,
  stateless: 5,
  broadcastStateless: 6,
  close: 7,
  syncStatus: 8,
  ping: 9,
  pong: 10,
} as const

export const SyncStep = { step1: 0, step2: 1, update: 2 } as const
export const AuthStep = { token: 0, denied: 1, authenticated: 2 } as const

/** A Yjs update that changes nothing. */
export const isEmptyUpdate = (update: Uint8Array): boolean =>
  update.length === 2 && update[0] === 0 && update[1] === 0

/** A state vector that knows nothing. */
export const isEmptyStateVector = (vector: Uint8Array): boolean => vector.length <= 1

/** Reads one message; every method throws a RangeError when the message ends too early. */
export class MessageReader {
  readonly data: Buffer
  offset: number

  constructor(data: Buffer, offset = 0) {
    this.data = data
    this.offset = offset
  }

  varUint(): number {
    let value = 0
    let unit = 1
    for (;;) {
      const byte = this.data[this.offset++]
      if (byte === undefined || unit > 2 ** 49) throw new RangeError('bad variable-length integer')
      value += (byte & 127) * unit
      if (byte < 128) return value
      unit *= 128
    }
  }

  /** A view into the message, not a copy. */
  bytes(): Buffer {
    const length = this.varUint()
    const end = this.offset + length
    if (end > this.data.length) throw new RangeError('the message ends too early')
    const bytes = this.data.subarray(this.offset, end)
    this.offset = end
    return bytes
  }

  string(): string {
    return this.bytes().toString('utf8')
  }
}

/** The message without its address: fixed leading bytes, then at most one byte string with its length before it. */
export interface Message {
  readonly head: readonly number[]
  readonly body?: Uint8Array
}

export const updateMessage = (update: Uint8Array): Message => ({
  head: [MessageType.sync, SyncStep.update],
  body: update,
})
export const step1Message = (vector: Uint8Array): Message => ({
  head: [MessageType.sync, SyncStep.step1],
  body: vector,
})
export const step2Message = (state: Uint8Array): Message => ({
  head: [MessageType.sync, SyncStep.step2],
  body: state,
})
export const awarenessMessage = (update: Uint8Array): Message => ({
  head: [MessageType.awareness],
  body: update,
})
export const statelessMessage = (payload: string): Message => ({
  head: [MessageType.stateless],
  body: Buffer.from(payload),
})
export const savedMessage: Message = { head: [MessageType.syncStatus, 1] }
export const refusedMessage: Message = { head: [MessageType.syncStatus, 0] }
export const pongMessage: Message = { head: [MessageType.pong] }

const varUintLength = (value: number): number => {
  let length = 1
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length += 1
  return length
}

const writeVarUint = (target: Buffer, offset: number, value: number): number => {
  let rest = value
  let at = offset
  while (rest > 127) {
    target[at++] = (rest & 127) | 128
    rest = Math.floor(rest / 128)
  }
  target[at++] = rest
  return at
}

/** A document name, or name and session, as it stands before each message on a multiplexed socket. */
export const encodeAddress = (address: string): Buffer => {
  const text = Buffer.from(address)
  const bytes = Buffer.allocUnsafe(varUintLength(text.length) + text.length)
  text.copy(bytes, writeVarUint(bytes, 0, text.length))
  return bytes
}

const messageLength = (address: Buffer, { head, body }: Message): number =>
  address.length + head.length + (body ? varUintLength(body.length) + body.length : 0)

const writeMessage = (target: Buffer, offset: number, address: Buffer, { head, body }: Message): number => {
  target.set(address, offset)
  let at = offset + address.length
  for (const byte of head) target[at++] = byte
  if (body) {
    at = writeVarUint(target, at, body.length)
    target.set(body, at)
    at += body.length
  }
  return at
}

const frameHeaderLength = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10)

/** Header of one unmasked, final binary frame (RFC 6455, section 5.2). */
const writeFrameHeader = (target: Buffer, offset: number, length: number): number => {
  target[offset] = 0x82
  if (length < 126) {
    target[offset + 1] = length
    return offset + 2
  }
  if (length < 65_536) {
    target[offset + 1] = 126
    return target.writeUInt16BE(length, offset + 2)
  }
  target[offset + 1] = 127
  return target.writeBigUInt64BE(BigInt(length), offset + 2)
}

/** One WebSocket frame around bytes that are a whole message already. */
export const frame = (message: Uint8Array): Buffer => {
  const headerLength = frameHeaderLength(message.length)
  const bytes = Buffer.allocUnsafe(headerLength + message.length)
  writeFrameHeader(bytes, 0, message.length)
  bytes.set(message, headerLength)
  return bytes
}

/** Several messages to one address, each in a WebSocket frame of its own, as one buffer: one write to the kernel. */
export const frameMessages = (address: Buffer, messages: readonly Message[]): Buffer => {
  let size = 0
  for (const message of messages) {
    const length = messageLength(address, message)
    size += frameHeaderLength(length) + length
  }
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (const message of messages) {
    at = writeFrameHeader(bytes, at, messageLength(address, message))
    at = writeMessage(bytes, at, address, message)
  }
  return bytes
}
