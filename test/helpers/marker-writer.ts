import { HocuspocusClient, YWebsocketClient, type ClientOptions } from './clients.ts'
import { testToken } from './tokens.ts'
import type { TestServer } from './server.ts'

type Wire = 'hocuspocus' | 'y-websocket'

/** A client that writes markers nobody else writes, and knows which of them were acknowledged. */
export class MarkerWriter implements AsyncDisposable {
  readonly documentName: string
  readonly client: HocuspocusClient | YWebsocketClient
  /** Markers that the server has called durable. */
  readonly acknowledged: string[] = []
  /** Longest time between writing and acknowledgement, ms. */
  longestWaitMs = 0
  readonly #id: string
  #written: string[] = []
  #oldestAt = 0
  #count = 0

  private constructor(id: string, documentName: string, client: MarkerWriter['client']) {
    this.#id = id
    this.documentName = documentName
    this.client = client
  }

  static async connect(
    server: Pick<TestServer, 'socketUrl'>,
    documentName: string,
    wire: Wire,
    id: string,
    options: Pick<ClientOptions, 'name'> = {},
  ): Promise<MarkerWriter> {
    const token = await testToken(id, options)
    const client =
      wire === 'hocuspocus'
        ? new HocuspocusClient(server, documentName, token)
        : new YWebsocketClient(server, documentName, token)
    return new MarkerWriter(id, documentName, client)
  }

  get text(): string {
    return this.client.text.toJSON()
  }

  /** True when everything it wrote is durable; always false on a wire without acknowledgements. */
  get isSaved(): boolean {
    return this.client instanceof HocuspocusClient && this.client.isSaved
  }

  /** @param place from 0 to 1 in the text */
  write(place: number): void {
    this.note()
    if (this.#written.length === 0) this.#oldestAt = performance.now()
    const marker = `<${this.#id}#${this.#count++}>`
    this.#written.push(marker)
    const { text } = this.client
    // Markers stay whole: others are inserted between them.
    const before = text.toJSON().indexOf('<', Math.floor(place * text.length))
    text.insert(before < 0 ? text.length : before, marker)
  }

  /** Notes what has been acknowledged; call it often. */
  note(): void {
    if (this.#written.length === 0 || !this.isSaved) return
    this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - this.#oldestAt)
    this.acknowledged.push(...this.#written)
    this.#written = []
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]()
  }
}
