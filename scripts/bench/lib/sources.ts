import { Doc } from 'yjs'
import type { Client } from './Client.ts'
import { marker } from './marker.ts'

/** A client that sends markers, one with each edit. */
export class Source {
  readonly id: number
  readonly client: Client
  /** When each edit was sent, by sequence. */
  readonly times: number[] = []
  /** Edits from this sequence on are measured. */
  firstMeasured = Infinity
  /** Time from the sending of a measured edit to its acknowledgement, ms. */
  ackMs: number[] = []

  constructor(id: number, client: Client) {
    this.id = id
    this.client = client
    client.onAck = (sequence) => {
      const sentAt = this.times[sequence]
      if (sentAt !== undefined && sequence >= this.firstMeasured) this.ackMs.push(performance.now() - sentAt)
    }
  }

  /** The marker of the next edit. */
  get marker(): string {
    return marker(this.id, this.times.length)
  }

  get measuredEdits(): number {
    return Math.max(0, this.times.length - this.firstMeasured)
  }
}

/** Edits a document of its own, which never holds what others write: its updates merge with theirs on the server. */
export class Writer extends Source {
  readonly #document = new Doc()
  #update: Uint8Array | undefined

  constructor(id: number, client: Client) {
    super(id, client)
    this.#document.on('update', (update: Uint8Array) => {
      this.#update = update
    })
  }

  /** Appends the marker to its own run of the shared text. */
  edit(): void {
    const text = this.#document.getText('bench')
    this.#send(() => text.insert(text.length, this.marker))
  }

  /** Replaces its entry of a shared map, so that the document does not grow. */
  replace(filler: string): void {
    this.#send(() => this.#document.getMap('bench').set(`w${this.id}`, this.marker + filler))
  }

  #send(change: () => void): void {
    change()
    if (!this.#update) throw new Error('the edit has made no update')
    this.client.sendUpdate(this.#update, this.times.length)
    this.times.push(performance.now())
  }
}

/** Writes the same over the JSON protocol. */
export class JsonWriter extends Source {
  edit(): void {
    this.client.sendUpdate(Buffer.from(this.marker), this.times.length)
    this.times.push(performance.now())
  }
}

/** Moves a cursor: each state replaces the one before. */
export class Cursor extends Source {
  move(): void {
    const clock = this.times.length
    const clientId = 1000 + this.id
    const position = { type: null, tname: 'bench', item: { client: clientId, clock }, assoc: 0 }
    const json = JSON.stringify({
      user: { name: `User ${this.id}`, color: '#30bced', marker: this.marker },
      cursor: { anchor: position, head: position },
    })
    this.client.send(
      this.client.wire.awareness(this.client.documentName, { clientId, clock: clock + 1, json }),
    )
    this.times.push(performance.now())
  }
}
