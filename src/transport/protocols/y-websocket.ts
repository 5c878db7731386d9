import { AuthStep, encodeAddress, MessageReader, MessageType } from '../wire.ts'
import type { Incoming, Protocol } from './Protocol.ts'

const noPrefix = Buffer.alloc(0)

/** `/yjs/:documentName`: the protocol of WebsocketProvider; the name stands in the URL, there is no acknowledgement. */
export class YWebsocketProtocol implements Protocol {
  readonly documentName: string
  readonly acknowledges = false

  constructor(documentName: string) {
    this.documentName = documentName
  }

  read(data: Buffer): Incoming {
    const reader = new MessageReader(data)
    const type = reader.varUint()
    const known =
      type === MessageType.sync || type === MessageType.awareness || type === MessageType.queryAwareness
    if (!known) throw new RangeError(`message type ${type} is not of the y-websocket protocol`)
    return { address: this.documentName, type, data, offset: reader.offset }
  }

  prefix(): Buffer {
    return noPrefix
  }

  toHocuspocus({ data }: Incoming): Buffer {
    return Buffer.concat([encodeAddress(this.documentName), data])
  }

  fromHocuspocus({ type, data, offset }: Incoming): Uint8Array | undefined {
    switch (type) {
      case MessageType.sync:
      case MessageType.syncReply: {
        const message = Buffer.from(data.subarray(offset - 1))
        message[0] = MessageType.sync
        return message
      }
      case MessageType.awareness:
        return data.subarray(offset - 1)
      case MessageType.auth:
        return data[offset] === AuthStep.denied ? denied(data, offset) : undefined
      default:
        return undefined
    }
  }
}

/** WebsocketProvider expects a 0 between the type and the reason. */
const denied = (data: Buffer, offset: number): Buffer =>
  Buffer.concat([Buffer.of(MessageType.auth, 0), data.subarray(offset + 1)])

/** What a client of Hocuspocus would send first; y-websocket clients send their token in the URL instead. */
export const authMessage = (documentName: string, token: string): Buffer =>
  Buffer.concat([
    encodeAddress(documentName),
    Buffer.of(MessageType.auth, AuthStep.token),
    encodeAddress(token),
  ])
