import type { Delta } from './delta.ts'
import type { BlockPatch, BlockPlace } from './Source.ts'
import { movePairs, pairsOf, type SurrogatePairs } from './surrogate-pairs.ts'

/** One version: the change that led to it and who made it. */
export interface LogEntry {
  /** The version after the change. */
  readonly version: number
  readonly delta: Delta
  /** Who made it; '' for the server itself. Decides between two inserts at one place. */
  readonly userId: string
  /** Set for the edits of JSON clients; with the user, it names the edit. */
  readonly opId?: string
  /** The document before the change. */
  readonly before: Measures
  /** What it did to the list of blocks, where there is one. */
  readonly blocks?: BlockPatch
  /** The change is durable once the journal has reached this. */
  readonly ticket: number
}

export type EntryFields = Pick<LogEntry, 'userId' | 'opId' | 'ticket' | 'blocks'>

/** What is known of a version of the document without its content. */
export interface Measures {
  readonly length: number
  readonly pairs: SurrogatePairs
}

export interface OpLogLimits {
  /** @default 5000 */
  readonly maxEntries: number
  /** Characters of inserted text, about. @default 4 MiB */
  readonly maxSize: number
}

export const defaultOpLogLimits: OpLogLimits = { maxEntries: 5_000, maxSize: 4 * 1024 * 1024 }

const overhead = 64

const sizeOf = ({ ops }: Delta): number =>
  ops.reduce(
    (sum, { insert }) => sum + (typeof insert === 'string' ? insert.length : insert ? 256 : 0),
    overhead,
  )

/**
 * Two inserts at one place: the one of the lower user id comes first, and of one user the one that the server had
 * first. What the server adds by itself, as nobody, comes last: the end of a block must not cut off what is typed
 * there. Server and clients must agree on it.
 */
export const goesFirst = (sequenced: string, later: string): boolean => sequenced !== '' && sequenced <= later

/** The last versions of a document, and the transformation of late edits over them. */
export class OpLog {
  readonly #limits: OpLogLimits
  #entries: LogEntry[] = []
  #version: number
  #size = 0
  #measures: Measures

  constructor(content: Delta, version: number, limits: OpLogLimits = defaultOpLogLimits) {
    this.#limits = limits
    this.#version = version
    this.#measures = { length: content.length(), pairs: pairsOf(content) }
  }

  get version(): number {
    return this.#version
  }

  /** The lowest version that an edit may be based on. */
  get oldest(): number {
    return this.#version - this.#entries.length
  }

  /** @throws RangeError when the version is not in the log */
  measuresAt(version: number): Measures {
    return version === this.#version ? this.#measures : this.entryAfter(version).before
  }

  /** The change that `version` is the base of. */
  entryAfter(version: number): LogEntry {
    const entry = this.#entries[version - this.oldest]
    if (!entry) throw new RangeError(`no change after version ${version}`)
    return entry
  }

  append(delta: Delta, fields: EntryFields): void {
    this.#version += 1
    this.#entries.push({ ...fields, version: this.#version, delta, before: this.#measures })
    this.#measures = {
      length: this.#measures.length + delta.changeLength(),
      pairs: movePairs(this.#measures.pairs, delta),
    }
    this.#size += sizeOf(delta)
    this.#forget()
  }

  /** The blocks of an earlier version, from those of now. */
  blocksAt(version: number, now: readonly BlockPlace[]): readonly BlockPlace[] {
    let blocks = now
    for (let at = this.#version; at > version; at--) {
      const patch = this.entryAfter(at - 1).blocks
      if (patch) blocks = blocks.toSpliced(patch.at, patch.inserted, ...patch.removed)
    }
    return blocks
  }

  /** `delta`, made by `userId` on `version`, as a change of the newest version. */
  transform(delta: Delta, version: number, userId: string): Delta {
    let transformed = delta
    for (let at = version; at < this.#version; at++) {
      const entry = this.entryAfter(at)
      transformed = entry.delta.transform(transformed, goesFirst(entry.userId, userId))
    }
    return transformed.chop()
  }

  #forget(): void {
    const { maxEntries, maxSize } = this.#limits
    let count = 0
    while (
      this.#entries.length - count > maxEntries ||
      (this.#size > maxSize && count < this.#entries.length)
    ) {
      this.#size -= sizeOf((this.#entries[count] as LogEntry).delta)
      count += 1
    }
    if (count > 0) this.#entries.splice(0, count)
  }
}
