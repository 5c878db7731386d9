import type { Client } from './Client.ts'
import { scanMarkers } from './marker.ts'
import type { Source } from './sources.ts'

/** What one client has seen of one source. */
interface Seen {
  newest: number
  readonly sequences: boolean[]
}

interface Reader {
  readonly client: Client
  /** Whether it is owed every edit. */
  readonly counts: boolean
  /** By source. */
  readonly seen: (Seen | undefined)[]
}

/**
 * Ties edits to their deliveries. A delivery is one edit at one *other* client of its document; echoes to the
 * author and repetitions are counted apart, and what arrives in the wrong document or was never sent is a stray.
 */
export class Tracker {
  delivered = 0
  repeated = 0
  echoed = 0
  strays = 0
  /** Time from the sending of a measured edit to each of its deliveries, ms. */
  latencies: number[] = []
  readonly #sources: Source[] = []
  readonly #readers = new Map<Client, Reader>()
  /** Clients that are owed every edit, by document. */
  readonly #owed = new Map<string, number>()

  addSource<S extends Source>(client: Client, make: (id: number, client: Client) => S): S {
    const source = make(this.#sources.length, client)
    this.#sources.push(source)
    return source
  }

  /** With `counts` false the client is followed, but owed nothing. */
  addReader(client: Client, counts = true): void {
    const { documentName } = client
    if (counts) this.#owed.set(documentName, (this.#owed.get(documentName) ?? 0) + 1)
    const reader: Reader = { client, counts, seen: [] }
    this.#readers.set(client, reader)
    let now = 0
    const found = (source: number, sequence: number): void => this.#found(reader, source, sequence, now)
    client.onFrame = (frame) => {
      now = performance.now()
      scanMarkers(frame, found)
    }
  }

  #found(reader: Reader, id: number, sequence: number, now: number): void {
    const source = this.#sources[id]
    const sentAt = source?.times[sequence]
    if (!source || sentAt === undefined || source.client.documentName !== reader.client.documentName) {
      this.strays++
      return
    }
    const measured = sequence >= source.firstMeasured
    if (source.client === reader.client) {
      if (measured) this.echoed++
      return
    }
    const seen = (reader.seen[id] ??= { newest: -1, sequences: [] })
    if (seen.sequences[sequence]) {
      this.repeated++
      return
    }
    seen.sequences[sequence] = true
    if (sequence > seen.newest) seen.newest = sequence
    if (!measured || !reader.counts) return
    this.delivered++
    this.latencies.push(now - sentAt)
  }

  /** Measuring starts, or starts again, with the next edit of each source. */
  begin(): void {
    for (const source of this.#sources) {
      source.firstMeasured = source.times.length
      source.ackMs = []
    }
    this.delivered = this.echoed = 0
    this.latencies = []
  }

  get edits(): number {
    return this.#sources.reduce((sum, source) => sum + source.measuredEdits, 0)
  }

  get ackMs(): number[] {
    return this.#sources.flatMap((source) => source.ackMs)
  }

  /** Deliveries of measured edits that are still owed. */
  get missing(): number {
    const owed = this.#sources.reduce((sum, source) => sum + source.measuredEdits * this.#others(source), 0)
    return owed - this.delivered
  }

  #others({ client }: Source): number {
    const self = this.#readers.get(client)?.counts ? 1 : 0
    return (this.#owed.get(client.documentName) ?? 0) - self
  }

  /** Pairs of a client and a source where the client lacks the newest edit; for states that newer ones replace. */
  stale(clients: Iterable<Client> = this.#readers.keys()): number {
    let stale = 0
    for (const client of clients) {
      const seen = this.#readers.get(client)?.seen
      for (const source of this.#sources) {
        if (source.client === client || source.client.documentName !== client.documentName) continue
        if (source.times.length > 0 && seen?.[source.id]?.newest !== source.times.length - 1) stale++
      }
    }
    return stale
  }
}
