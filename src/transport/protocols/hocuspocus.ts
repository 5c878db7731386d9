import { encodeAddress, MessageReader } from '../wire.ts'
import type { Incoming, Protocol } from './Protocol.ts'

export const readHocuspocusMessage = (data: Buffer): Incoming => {
  const reader = new MessageReader(data)
  const address = reader.string()
  return { address, type: reader.varUint(), data, offset: reader.offset }
}

/** `/collab`: the protocol of HocuspocusProvider; every message begins with the name of its document. */
export const hocuspocusProtocol: Protocol = {
  documentName: undefined,
  acknowledges: true,
  read: readHocuspocusMessage,
  prefix: encodeAddress,
  toHocuspocus: ({ data }) => data,
  fromHocuspocus: ({ data }) => data,
}
