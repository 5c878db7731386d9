import { CodraftError } from '../../extensions/errors.ts'
import type { Op } from './delta.ts'
import type { LogEntry } from './OpLog.ts'
import type { EditRequest, JoinRequest, OpSession, Outgoing } from './OpSession.ts'
import type { Units } from './Sequencer.ts'
import { convertLengths, toCodePoints, toCodeUnits } from './surrogate-pairs.ts'

/**
 * A JSON client in a document. It is sent every version in order, one at a time and only when it asks, so nothing
 * is kept for a client that does not read; an own edit holds up those after it until it is durable.
 */
export class Participant {
  readonly userId: string
  readonly units: Units
  readonly #session: OpSession
  /** Own edits that are applied and not acknowledged. */
  readonly #unacknowledged: Set<string>
  /** The last version that was sent; undefined when the whole content has to be. */
  #version: number | undefined
  #hasBegun = false
  /** The content that it has was made from this ticket's edits. */
  #ticket: number
  /** Edits on a lower version come from before the content that was sent last. */
  #floor = -1

  constructor(session: OpSession, request: JoinRequest, applied: readonly string[]) {
    this.#session = session
    this.userId = request.userId
    this.units = request.units
    this.#unacknowledged = new Set(applied)
    this.#ticket = session.options.ticket()
    const { log } = session.sequencer
    const { version, epoch } = request
    const isKnown = version !== undefined && version >= log.oldest && version <= log.version
    if (isKnown && epoch === session.options.epoch) this.#version = version
  }

  /** What the journal has to reach before there is a next message; undefined when it is not that. */
  get awaitedTicket(): number | undefined {
    const { log } = this.#session.sequencer
    const { isDurable } = this.#session.options
    if (this.#version === undefined || this.#version < log.oldest) {
      return this.#unacknowledged.size > 0 && !isDurable(this.#ticket) ? this.#ticket : undefined
    }
    if (this.#version === log.version) return undefined
    const entry = log.entryAfter(this.#version)
    return this.#isAwaited(entry) && !isDurable(entry.ticket) ? entry.ticket : undefined
  }

  /** True when everything has been sent. */
  get isUpToDate(): boolean {
    return this.#hasBegun && this.#version === this.#session.sequencer.log.version
  }

  /** The whole content has to be sent again. */
  restart(): void {
    this.#version = undefined
    this.#ticket = this.#session.options.ticket()
  }

  /**
   * Applies an edit, once. Its acknowledgement comes with {@link next}; for one that was acknowledged before it is
   * returned.
   *
   * @throws {CodraftError} CODRAFT_EDIT_INVALID, or CODRAFT_VERSION_UNKNOWN: the content follows
   */
  submit(request: EditRequest): Outgoing | undefined {
    const { id: opId } = request
    const version = request.version ?? this.#version ?? -1
    if (this.#session.isApplied(this.userId, opId)) {
      return this.#unacknowledged.has(opId) ? undefined : { type: 'ack', opId, version: this.#version ?? -1 }
    }
    const { log } = this.#session.sequencer
    const isKnown = version >= Math.max(this.#floor, log.oldest) && version <= log.version
    if (this.#version === undefined || !isKnown) {
      this.restart()
      throw new CodraftError('CODRAFT_VERSION_UNKNOWN')
    }
    this.#unacknowledged.add(opId)
    try {
      this.#session.submit(this, version, request)
    } catch (error) {
      this.#unacknowledged.delete(opId)
      throw error
    }
    return undefined
  }

  /** The next message; undefined when there is none, or when it has to wait for the journal. */
  next(): Outgoing | undefined {
    const { log } = this.#session.sequencer
    if (this.#version === undefined || this.#version < log.oldest) return this.#content()
    if (!this.#hasBegun) return this.#resumed(this.#version)
    if (this.#version === log.version) return undefined
    const entry = log.entryAfter(this.#version)
    const { userId, version } = entry
    if (this.#isAwaited(entry)) {
      if (!this.#session.options.isDurable(entry.ticket)) return undefined
      this.#unacknowledged.delete(entry.opId)
      this.#version = version
      return { type: 'ack', opId: entry.opId, version }
    }
    this.#version = version
    return { type: 'remote_edit', userId, version, ops: this.#opsOf(entry) }
  }

  /** Where a position of this client is now, in UTF-16; it was meant for `version`, or for the last one that was sent. */
  locate(position: number, version = this.#version): number {
    const { log } = this.#session.sequencer
    const isKnown = version !== undefined && version >= log.oldest && version <= log.version
    const from = isKnown ? version : log.version
    const { pairs, length } = log.measuresAt(from)
    let place = Math.min(this.units === 'utf16' ? position : toCodeUnits(pairs, position), length)
    for (let at = from; at < log.version; at++) {
      place = log.entryAfter(at).delta.transformPosition(place)
    }
    return place
  }

  /** UTF-16 -> a position as this client counts. */
  fromCodeUnits(position: number): number {
    if (this.units === 'utf16') return position
    const { log } = this.#session.sequencer
    return toCodePoints(log.measuresAt(log.version).pairs, position)
  }

  #isAwaited(entry: LogEntry): entry is LogEntry & { readonly opId: string } {
    const { opId, userId } = entry
    return opId !== undefined && userId === this.userId && this.#unacknowledged.has(opId)
  }

  #opsOf({ delta, before }: LogEntry): readonly Op[] {
    if (this.units === 'utf16') return delta.ops
    return convertLengths(delta, (index) => toCodePoints(before.pairs, index))
  }

  #content(): Outgoing | undefined {
    const { sequencer, options } = this.#session
    // The content holds these edits, so the client will no longer send them.
    if (this.#unacknowledged.size > 0 && !options.isDurable(this.#ticket)) return undefined
    const { version } = sequencer.log
    const isFirst = !this.#hasBegun
    this.#version = version
    this.#floor = version
    this.#hasBegun = true
    const content = options.source.content().ops
    return { type: 'content', isFirst, version, content, applied: this.#takeApplied() }
  }

  #resumed(version: number): Outgoing | undefined {
    this.#hasBegun = true
    // Those that are still in the log are acknowledged in their place.
    const { log } = this.#session.sequencer
    const later = new Set<string>()
    for (let at = version; at < log.version; at++) {
      const { userId, opId } = log.entryAfter(at)
      if (userId === this.userId && opId !== undefined) later.add(opId)
    }
    const applied = [...this.#unacknowledged].filter((opId) => !later.has(opId))
    for (const opId of applied) this.#unacknowledged.delete(opId)
    return { type: 'resumed', version, applied }
  }

  #takeApplied(): string[] {
    const applied = [...this.#unacknowledged]
    this.#unacknowledged.clear()
    return applied
  }
}
