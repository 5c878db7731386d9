/** A message of a client, taken apart as far as every protocol needs it. */
export interface Incoming {
  /** Document name, or `name\0session` when a client opens one document several times on one socket. */
  readonly address: string
  /** One of MessageType. */
  readonly type: number
  /** The whole message. */
  readonly data: Buffer
  /** Where the part after the type begins. */
  readonly offset: number
}

/**
 * How a kind of client frames its messages. The transport behind it speaks in addresses and Hocuspocus message
 * types.
 */
export interface Protocol {
  /** The document of a socket that serves one only; undefined when documents are multiplexed. */
  readonly documentName: string | undefined
  /** Whether clients know SyncStatus: "your edit is saved". */
  readonly acknowledges: boolean
  /** @throws RangeError when the message is not of this protocol */
  read(data: Buffer): Incoming
  /** Bytes before each message to `address`. */
  prefix(address: string): Buffer
  /** The message as Hocuspocus expects it. */
  toHocuspocus(incoming: Incoming): Buffer
  /** A message of Hocuspocus as the client expects it; undefined = not to be sent. */
  fromHocuspocus(message: Incoming): Uint8Array | undefined
}
