import * as encoding from 'lib0/encoding'

/** What an incoming frame is; `other` is nothing that a benchmark looks at. */
export type FrameKind =
  | 'step1'
  | 'step2'
  | 'update'
  | 'awareness'
  | 'ack'
  | 'nack'
  | 'authenticated'
  | 'denied'
  | 'other'

export interface AwarenessState {
  readonly clientId: number
  readonly clock: number
  readonly json: string
}

/** Text goes into a text frame of the WebSocket. */
export type Frame = Uint8Array | string

/** Builds the frames of one wire protocol and classifies incoming ones without decoding their payload. */
export interface Wire<Sent extends Frame = Frame> {
  /** The server answers every update and step 2 with an acknowledgement, in order. */
  readonly acknowledges: boolean
  url(base: string, documentName: string): string
  /** What a client sends when its socket opens. */
  hello(documentName: string, token: string): Sent[]
  step1(documentName: string): Sent
  step2(documentName: string): Sent
  update(documentName: string, update: Uint8Array): Sent
  awareness(documentName: string, state: AwarenessState): Sent
  /** A frame that changes nothing and shows that the client is alive. */
  keepAlive(documentName: string): Sent
  kindOf(frame: Uint8Array): FrameKind
  /** The update in a `step2` or `update` frame. */
  payloadOf(frame: Uint8Array): Uint8Array
}

const emptyUpdate = Uint8Array.of(0, 0)
const emptyStateVector = Uint8Array.of(0)
const emptyAwareness = Uint8Array.of(0)

const encode = (write: (encoder: encoding.Encoder) => void): Uint8Array => {
  const encoder = encoding.createEncoder()
  write(encoder)
  return encoding.toUint8Array(encoder)
}

/** Reads variable-length integers; one instance is reused for all frames, so that classifying allocates nothing. */
class FrameReader {
  #frame: Uint8Array = emptyUpdate
  #position = 0

  open(frame: Uint8Array): this {
    this.#frame = frame
    this.#position = 0
    return this
  }

  varUint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const byte = this.#frame[this.#position++] ?? 0
      value += (byte & 127) * factor
      if (byte < 128) return value
      factor *= 128
    }
  }

  bytes(): Uint8Array {
    const length = this.varUint()
    return this.#frame.subarray(this.#position, (this.#position += length))
  }

  skipBytes(): void {
    const length = this.varUint()
    this.#position += length
  }
}

const reader = new FrameReader()

type FrameBuilders = Pick<Wire<Uint8Array>, 'step1' | 'step2' | 'update' | 'awareness' | 'keepAlive'>

/** The frames that both protocols share but for what stands in front of them. */
const builders = (prefix: (encoder: encoding.Encoder, documentName: string) => void): FrameBuilders => {
  const sync = (documentName: string, step: number, payload: Uint8Array): Uint8Array =>
    encode((encoder) => {
      prefix(encoder, documentName)
      encoding.writeVarUint(encoder, 0)
      encoding.writeVarUint(encoder, step)
      encoding.writeVarUint8Array(encoder, payload)
    })
  const awareness = (documentName: string, payload: Uint8Array): Uint8Array =>
    encode((encoder) => {
      prefix(encoder, documentName)
      encoding.writeVarUint(encoder, 1)
      encoding.writeVarUint8Array(encoder, payload)
    })
  return {
    step1: (documentName) => sync(documentName, 0, emptyStateVector),
    step2: (documentName) => sync(documentName, 1, emptyUpdate),
    update: (documentName, update) => sync(documentName, 2, update),
    awareness: (documentName, { clientId, clock, json }) =>
      awareness(
        documentName,
        encode((encoder) => {
          encoding.writeVarUint(encoder, 1)
          encoding.writeVarUint(encoder, clientId)
          encoding.writeVarUint(encoder, clock)
          encoding.writeVarString(encoder, json)
        }),
      ),
    keepAlive: (documentName) => awareness(documentName, emptyAwareness),
  }
}

const syncKinds = ['step1', 'step2', 'update'] as const

const syncKind = (): FrameKind => syncKinds[reader.varUint()] ?? 'other'

const yWebsocketBuilders = builders(() => undefined)

/** The protocol of y-websocket: one document for each socket, named in the URL. */
export const yWebsocket: Wire<Uint8Array> = {
  ...yWebsocketBuilders,
  acknowledges: false,
  url: (base, documentName) => `${base}/${encodeURIComponent(documentName)}`,
  hello: (documentName) => [yWebsocketBuilders.step1(documentName)],
  kindOf(frame) {
    switch (reader.open(frame).varUint()) {
      case 0:
        return syncKind()
      case 1:
        return 'awareness'
      case 2:
        return 'denied'
      default:
        return 'other'
    }
  },
  payloadOf(frame) {
    reader.open(frame).varUint()
    reader.varUint()
    return reader.bytes()
  },
}

const hocuspocusBuilders = builders(encoding.writeVarString)

/** The version that HocuspocusProvider announces in its Auth frame. */
const providerVersion = '4.7.0'

/** The protocol of Hocuspocus 4: the name of the document stands in every frame. */
export const hocuspocus: Wire<Uint8Array> = {
  ...hocuspocusBuilders,
  acknowledges: true,
  url: (base) => base,
  hello: (documentName, token) => [
    encode((encoder) => {
      encoding.writeVarString(encoder, documentName)
      encoding.writeVarUint(encoder, 2)
      encoding.writeVarUint(encoder, 0)
      encoding.writeVarString(encoder, token)
      encoding.writeVarString(encoder, providerVersion)
    }),
    hocuspocusBuilders.step1(documentName),
  ],
  kindOf(frame) {
    reader.open(frame).skipBytes()
    switch (reader.varUint()) {
      case 0:
      case 4:
        return syncKind()
      case 1:
        return 'awareness'
      case 2:
        return reader.varUint() === 2 ? 'authenticated' : 'denied'
      case 8:
        return reader.varUint() === 1 ? 'ack' : 'nack'
      default:
        return 'other'
    }
  },
  payloadOf(frame) {
    reader.open(frame).skipBytes()
    reader.varUint()
    reader.varUint()
    return reader.bytes()
  },
}
