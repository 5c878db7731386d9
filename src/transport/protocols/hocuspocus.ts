import { encodeAddress, MessageReader } from '../wire.ts'
import type { Incoming, Protocol } from './Protocol.ts'

export const readHocuspocusMessage = (data: Buffer): Incoming => {
  const reader = new MessageReader(data)
  const address = reader.string()
  return { address, type: reader.varUint(), data, offset: reader.offset }
}

/** `/collab`: the protocol of HocuspocusProvider; every message begins with the name of its document. */
export const hocuspocusProtocol = (): Protocol => {
  // Nearly all sockets have one document: its address is compared instead of decoded.
  let lastBytes: Buffer = Buffer.alloc(0)
  let lastAddress = ''
  return {
    documentName: undefined,
    acknowledges: true,
    read(data) {
      const { length } = lastBytes
      if (length === 0 || data.length <= length || lastBytes.compare(data, 0, length) !== 0) {
        const incoming = readHocuspocusMessage(data)
        lastAddress = incoming.address
        lastBytes = encodeAddress(lastAddress)
        return incoming
      }
      const reader = new MessageReader(data, length)
      return { address: lastAddress, type: reader.varUint(), data, offset: reader.offset }
    },
    prefix: encodeAddress,
    toHocuspocus: ({ data }) => data,
    fromHocuspocus: ({ data }) => data,
  }
}
