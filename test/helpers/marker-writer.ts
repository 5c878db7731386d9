import { HocuspocusClient, YWebsocketClient, type ClientOptions } from './clients.ts'
import { connectJson } from './json-client.ts'
import { testToken } from './tokens.ts'
import type { TestServer } from './server.ts'

export type Wire = 'hocuspocus' | 'y-websocket' | 'json'

/** What a writer needs of a client. */
interface Client extends AsyncDisposable {
  readonly text: string
  readonly isSynced: boolean
  /** True when everything it wrote is durable; always false on a wire without acknowledgements. */
  readonly isSaved: boolean
  insert(position: number, text: string): void
  /** The codes with which its connections were closed, or the code with which it was refused. */
  readonly closings: readonly (number | string)[]
}

/** A client that writes markers nobody else writes, and knows which of them were acknowledged. */
export class MarkerWriter implements AsyncDisposable {
  readonly documentName: string
  readonly wire: Wire
  /** Markers that the server has called durable. */
  readonly acknowledged: string[] = []
  /** Longest time between writing and acknowledgement, ms. */
  longestWaitMs = 0
  readonly #client: Client
  readonly #id: string
  #written: string[] = []
  #oldestAt = 0
  #count = 0

  private constructor(id: string, documentName: string, wire: Wire, client: Client) {
    this.#id = id
    this.documentName = documentName
    this.wire = wire
    this.#client = client
  }

  static async connect(
    server: Pick<TestServer, 'socketUrl'>,
    documentName: string,
    wire: Wire,
    id: string,
    options: Pick<ClientOptions, 'name'> = {},
  ): Promise<MarkerWriter> {
    const token = await testToken(id, options)
    return new MarkerWriter(id, documentName, wire, await openClient[wire](server, documentName, token))
  }

  get text(): string {
    return this.#client.text
  }

  get isSynced(): boolean {
    return this.#client.isSynced
  }

  get isSaved(): boolean {
    return this.#client.isSaved
  }

  get closings(): readonly (number | string)[] {
    return this.#client.closings
  }

  /** @param place from 0 to 1 in the text */
  write(place: number): void {
    this.note()
    if (this.#written.length === 0) this.#oldestAt = performance.now()
    const marker = `<${this.#id}#${this.#count++}>`
    this.#written.push(marker)
    const { text } = this
    // Markers stay whole: others are inserted between them.
    const before = text.indexOf('<', Math.floor(place * text.length))
    this.#client.insert(before < 0 ? text.length : before, marker)
  }

  /** Notes what has been acknowledged; call it often. */
  note(): void {
    if (this.#written.length === 0 || !this.isSaved) return
    this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - this.#oldestAt)
    this.acknowledged.push(...this.#written)
    this.#written = []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]()
  }
}

type Open = (server: Pick<TestServer, 'socketUrl'>, documentName: string, token: string) => Promise<Client>

const fromYjs = (client: HocuspocusClient | YWebsocketClient): Client => ({
  get text() {
    return client.text.toJSON()
  },
  get isSynced() {
    return client.provider.synced
  },
  get isSaved() {
    return client instanceof HocuspocusClient && client.isSaved
  },
  insert: (position, text) => client.text.insert(position, text),
  get closings() {
    const denied = client instanceof HocuspocusClient ? client.deniedReason : undefined
    return [...client.closeCodes, ...(denied === undefined ? [] : [denied])]
  },
  [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
})

const openClient: Readonly<Record<Wire, Open>> = {
  hocuspocus: async (...where) => fromYjs(new HocuspocusClient(...where)),
  'y-websocket': async (...where) => fromYjs(new YWebsocketClient(...where)),
  async json(server, documentName, token) {
    const client = await connectJson(server, documentName, { token })
    await client.whenOnline()
    const closings: string[] = []
    client.on('failed', ({ code }) => closings.push(code))
    return {
      get text() {
        return client.text
      },
      get isSynced() {
        return client.isOnline
      },
      get isSaved() {
        return client.isOnline && client.isSaved
      },
      closings,
      insert: (position, text) => client.insert(position, text),
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    }
  },
}
