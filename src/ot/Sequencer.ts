import { CodraftError } from '../../extensions/errors.ts'
import { baseLength, Delta, normal, sameDelta } from './delta.ts'
import { defaultOpLogLimits, OpLog, type Measures, type OpLogLimits } from './OpLog.ts'
import type { Source } from './Source.ts'
import { convertLengths, movePairs, splitsPair, toCodeUnits } from './surrogate-pairs.ts'

/** What positions and lengths count: UTF-16 code units as JavaScript does, or code points as Python does. */
export type Units = 'utf16' | 'codepoint'

export interface Edit {
  /** The version that the client had. */
  readonly version: number
  /** Changes that follow one another, from `readOps`. */
  readonly changes: readonly Delta[]
  readonly units: Units
  readonly userId: string
  /** Names the edit among those of its user; one that is sent twice is applied once. */
  readonly opId: string
  /** Origin of the Yjs transaction. */
  readonly origin: unknown
}

export interface SequencerOptions {
  readonly source: Source
  readonly userIdOf: (origin: unknown) => string
  /** The edits so far are durable once the journal has reached this. */
  readonly ticket: () => number
  /** New versions are in the log. */
  readonly onVersions: () => void
  /** The log begins anew: every client needs the content again. */
  readonly onReset: () => void
  readonly limits?: OpLogLimits
}

/**
 * Gives every change of a document a number, whoever makes it, and brings late edits up to date. The Yjs document is the
 * authority: where it cannot hold an edit as it stands, the difference follows as a change of the server.
 */
export class Sequencer {
  readonly #options: SequencerOptions
  readonly #stop: () => void
  #log: OpLog
  /** What the edit at hand did; undefined while none is applied. */
  #effect: Delta[] | undefined

  constructor(options: SequencerOptions) {
    this.#options = options
    this.#log = this.#newLog(0)
    this.#stop = options.source.observe((change, origin) => this.#observed(change, origin))
  }

  get log(): OpLog {
    return this.#log
  }

  close(): void {
    this.#stop()
  }

  /**
   * Applies an edit.
   *
   * @throws {CodraftError} CODRAFT_EDIT_INVALID, or CODRAFT_VERSION_UNKNOWN when its version is not in the log
   */
  submit(edit: Edit): void {
    const { version, userId, opId, origin } = edit
    if (!Number.isSafeInteger(version) || version < this.#log.oldest || version > this.#log.version) {
      throw new CodraftError('CODRAFT_VERSION_UNKNOWN')
    }
    const change = this.#log.transform(this.#whole(edit), version, userId)
    const { source } = this.#options
    const before = changesAttributes(change) || !isTextOnly(change) ? source.content() : undefined
    this.#effect = []
    try {
      if (change.ops.length > 0) source.apply(change, origin)
    } catch (error) {
      this.#effect = undefined
      throw error
    }
    const effect = this.#effect.reduce((whole, part) => whole.compose(part), new Delta())
    this.#effect = undefined
    this.#log.append(change, { userId, opId, ticket: this.#options.ticket() })
    const isHeld = sameDelta(change, normal(effect.ops)) || this.#settle(change, before)
    if (isHeld) this.#options.onVersions()
    else this.#reset()
  }

  /** The edit as one change of its version, in UTF-16. */
  #whole({ version, changes, units }: Edit): Delta {
    let { length, pairs } = this.#log.measuresAt(version)
    let whole = new Delta()
    for (const given of changes) {
      const inUnits =
        units === 'utf16' ? given.ops : convertLengths(given, (index) => toCodeUnits(pairs, index))
      const change = normal(inUnits)
      const problem = problemOf(change, { length, pairs })
      if (problem) throw new CodraftError('CODRAFT_EDIT_INVALID', problem)
      whole = whole.compose(change)
      length += change.changeLength()
      pairs = movePairs(pairs, change)
    }
    return whole
  }

  /** The document holds something else than the edit says: the difference is the next version, where it is known. */
  #settle(change: Delta, before: Delta | undefined): boolean {
    if (!before) return false
    const rest = before.compose(change).diff(this.#options.source.content())
    if (rest.ops.length > 0) this.#log.append(rest, { userId: '', ticket: this.#options.ticket() })
    return true
  }

  #observed(change: Delta, origin: unknown): void {
    if (this.#effect) {
      this.#effect.push(change)
      return
    }
    // Yjs has replaced both halves of a pair that a client split, and reports neither.
    if (problemOf(change, this.#log.measuresAt(this.#log.version))) {
      this.#reset()
      return
    }
    const { userIdOf, ticket } = this.#options
    this.#log.append(change, { userId: userIdOf(origin), ticket: ticket() })
    this.#options.onVersions()
  }

  #reset(): void {
    this.#log = this.#newLog(this.#log.version + 1)
    this.#options.onReset()
  }

  #newLog(version: number): OpLog {
    const { source, limits = defaultOpLogLimits } = this.#options
    return new OpLog(source.content(), version, limits)
  }
}

const changesAttributes = ({ ops }: Delta): boolean =>
  ops.some(({ retain, attributes }) => retain && attributes)

const isTextOnly = ({ ops }: Delta): boolean =>
  ops.every(({ insert, attributes }) => insert === undefined || (typeof insert === 'string' && !attributes))

const problemOf = (change: Delta, { length, pairs }: Measures): string | undefined => {
  if (baseLength(change) > length) return `reaches beyond the end at ${length}`
  let index = 0
  for (const { insert, delete: deleted, retain } of change.ops) {
    // Only a boundary where something changes matters, and every boundary between ops is one.
    if (splitsPair(pairs, index)) return `splits the surrogate pair at ${index - 1}`
    if (insert === undefined) index += deleted ?? (retain as number)
  }
  return splitsPair(pairs, index) ? `splits the surrogate pair at ${index - 1}` : undefined
}
