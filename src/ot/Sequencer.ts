import { CodraftError } from '../../extensions/errors.ts'
import { startsOf, type BlockOp } from './block-ops.ts'
import { baseLength, Delta, normal, sameDelta } from './delta.ts'
import { defaultOpLogLimits, OpLog, type Measures, type OpLogLimits } from './OpLog.ts'
import type { BlockPatch, Source, SourceListener } from './Source.ts'
import { convertLengths, movePairs, splitsPair, toCodePoints, toCodeUnits } from './surrogate-pairs.ts'

/** What positions and lengths count: UTF-16 code units as JavaScript does, or code points as Python does. */
export type Units = 'utf16' | 'codepoint'

export interface Edit {
  /** The version that the client had. */
  readonly version: number
  /** Changes that follow one another, from `readOps`. */
  readonly changes: readonly (Delta | BlockOp)[]
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

type Observation = Parameters<SourceListener>

/** What an edit did, and what others made of that at once. */
interface Effect {
  first: Observation | undefined
  readonly later: Observation[]
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
  #effect: Effect | undefined

  constructor(options: SequencerOptions) {
    this.#options = options
    this.#log = this.#newLog(0)
    this.#stop = options.source.observe((...args) => this.#observed(...args))
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
    const before = source.remember(change)
    const effect: Effect = { first: undefined, later: [] }
    this.#effect = effect
    try {
      if (change.ops.length > 0) source.apply(change, origin)
    } catch (error) {
      // Yjs rolls nothing back: what was changed before the fault is a change like any other.
      this.#effect = undefined
      if (effect.first) this.#observed(...effect.first)
      for (const observation of effect.later) this.#observed(...observation)
      throw error
    }
    this.#effect = undefined
    const [done = new Delta(), , blocks] = effect.first ?? []
    this.#append(change, { userId, opId }, blocks)
    const isHeld = sameDelta(change, done)
    if (!isHeld && !this.#settle(change, before)) {
      this.#reset()
      return
    }
    // What was settled is the difference to the content of now: all later changes are in it.
    if (isHeld) for (const observation of effect.later) this.#observed(...observation)
    this.#options.onVersions()
  }

  /** The edit as one change of its version, in UTF-16. */
  #whole({ version, changes, units }: Edit): Delta {
    let { length, pairs } = this.#log.measuresAt(version)
    let whole = new Delta()
    const first = { length, pairs }
    for (const given of changes) {
      const isBlockOp = typeof given === 'function'
      const measures = isBlockOp ? first : { length, pairs }
      const delta = isBlockOp ? given(this.#startsAt(version, units)) : given
      const inUnits =
        units === 'utf16' ? delta.ops : convertLengths(delta, (index) => toCodeUnits(measures.pairs, index))
      const own = normal(inUnits)
      const problem = problemOf(own, measures)
      if (problem) throw new CodraftError('CODRAFT_EDIT_INVALID', problem)
      const change = isBlockOp ? whole.transform(own, true) : own
      whole = whole.compose(change)
      length += change.changeLength()
      pairs = movePairs(pairs, change)
    }
    return whole
  }

  #startsAt(version: number, units: Units): ReturnType<typeof startsOf> {
    const now = this.#options.source.blocks?.()
    if (!now) throw new CodraftError('CODRAFT_EDIT_INVALID', 'this document has no blocks')
    const { pairs } = this.#log.measuresAt(version)
    const convert = (index: number): number => (units === 'utf16' ? index : toCodePoints(pairs, index))
    return startsOf(this.#log.blocksAt(version, now), convert)
  }

  /** The document holds something else than the edit says: the difference is the next version, where it is known. */
  #settle(change: Delta, before: (() => Delta) | undefined): boolean {
    if (!before) return false
    const rest = before().compose(change).diff(this.#options.source.content())
    this.#append(rest, { userId: '' })
    return true
  }

  #observed(change: Delta, origin: unknown, blocks?: BlockPatch): void {
    if (this.#effect) {
      const observation: Observation = blocks ? [change, origin, blocks] : [change, origin]
      if (this.#effect.first) this.#effect.later.push(observation)
      else this.#effect.first = observation
      return
    }
    // Yjs has replaced both halves of a pair that a client split, and reports neither.
    if (problemOf(change, this.#log.measuresAt(this.#log.version))) {
      this.#reset()
      return
    }
    this.#append(change, { userId: this.#options.userIdOf(origin) }, blocks)
    this.#options.onVersions()
  }

  /** An edit makes a version even when nothing is left of it, so that it can be acknowledged. */
  #append(change: Delta, author: { userId: string; opId?: string }, blocks?: BlockPatch): void {
    if (change.ops.length === 0 && author.opId === undefined) return
    this.#log.append(change, { ...author, ticket: this.#options.ticket(), ...(blocks && { blocks }) })
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
