export interface ScheduleLimits {
  readonly compactAfterBytes: number
  readonly compactAfterMs: number
  readonly firstRetryMs: number
  readonly maxRetryMs: number
}

/** A document with edits in the journal that no snapshot has. Times are on the clock of the caller, ms. */
export interface DirtyDocument {
  readonly documentName: string
  bytes: number
  updates: number
  /** When the first of these edits was made, or was found after a start. */
  dirtySince: number
  /** When it is compacted however small it is. */
  dueAt: number
  /** Nobody has it open. */
  unloaded: boolean
  /** Found in the journal at the start: an earlier process has left it. */
  leftBehind: boolean
  failures: number
  /** Not before this, after a failure. */
  retryAt: number
}

/** From these on a document is worth a snapshot when it leaves memory. */
const unloadedBytes = 64 * 1024
const unloadedUpdates = 500

/** Which document to compact next. Knows no clock and does nothing by itself. */
export class CompactionSchedule {
  readonly #limits: ScheduleLimits
  readonly #random: () => number
  readonly #documents = new Map<string, DirtyDocument>()

  /** `random` gives numbers from 0 up to 1. */
  constructor(limits: ScheduleLimits, random: () => number = Math.random) {
    this.#limits = limits
    this.#random = random
  }

  get size(): number {
    return this.#documents.size
  }

  has(documentName: string): boolean {
    return this.#documents.has(documentName)
  }

  /** When the oldest edit that waits here was made; undefined when none waits. */
  get dirtySince(): number | undefined {
    let oldest: number | undefined
    for (const { dirtySince } of this.#documents.values())
      if (oldest === undefined || dirtySince < oldest) oldest = dirtySince
    return oldest
  }

  /** An edit was made. Returns whether its document is due. */
  edited(documentName: string, bytes: number, now: number): boolean {
    const document = this.#add(documentName, now)
    document.bytes += bytes
    document.updates += 1
    document.unloaded = false
    return this.#isDue(document, now)
  }

  /** A document may have edits that the last compaction has not seen. */
  unsettled(documentName: string, now: number): void {
    this.#add(documentName, now)
  }

  /** The journal had edits at the start. Small ones become due one by one, not all at once. */
  found(documentName: string, bytes: number, updates: number, now: number): void {
    const isNew = !this.#documents.has(documentName)
    const document = this.#add(documentName, now)
    document.bytes += bytes
    document.updates += updates
    document.dueAt = now + this.#random() * this.#limits.compactAfterMs
    document.leftBehind = true
    if (isNew) document.unloaded = true
  }

  /** The document has left memory. Returns whether it is due. */
  unloaded(documentName: string, now: number): boolean {
    const document = this.#documents.get(documentName)
    if (!document) return false
    document.unloaded = true
    return this.#isDue(document, now)
  }

  /** Removes a document that is due and returns it; edits from now on count anew. */
  take(now: number): DirtyDocument | undefined {
    for (const document of this.#documents.values()) {
      if (!this.#isDue(document, now)) continue
      this.#documents.delete(document.documentName)
      return document
    }
    return undefined
  }

  /** Puts back a document that was taken, to be tried again after a wait that doubles with each failure. */
  failed(taken: DirtyDocument, now: number, minWaitMs = 0): void {
    const { firstRetryMs, maxRetryMs } = this.#limits
    const longestMs = Math.min(maxRetryMs, firstRetryMs * 2 ** taken.failures)
    const meanwhile = this.#documents.get(taken.documentName)
    this.#documents.set(taken.documentName, {
      ...taken,
      bytes: taken.bytes + (meanwhile?.bytes ?? 0),
      updates: taken.updates + (meanwhile?.updates ?? 0),
      unloaded: meanwhile?.unloaded ?? taken.unloaded,
      failures: taken.failures + 1,
      retryAt: now + Math.max(minWaitMs, longestMs * (0.5 + this.#random() / 2)),
    })
  }

  #add(documentName: string, now: number): DirtyDocument {
    let document = this.#documents.get(documentName)
    if (!document) {
      document = {
        documentName,
        bytes: 0,
        updates: 0,
        dirtySince: now,
        dueAt: now + this.#limits.compactAfterMs,
        unloaded: false,
        leftBehind: false,
        failures: 0,
        retryAt: 0,
      }
      this.#documents.set(documentName, document)
    }
    return document
  }

  #isDue({ bytes, updates, dueAt, unloaded, retryAt }: DirtyDocument, now: number): boolean {
    if (now < retryAt) return false
    return (
      bytes >= this.#limits.compactAfterBytes ||
      now >= dueAt ||
      (unloaded && (bytes >= unloadedBytes || updates >= unloadedUpdates))
    )
  }
}
