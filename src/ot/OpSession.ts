import { CodraftError } from '../../extensions/errors.ts'
import { editKey, type AppliedEdits } from './AppliedEdits.ts'
import type { Op } from './delta.ts'
import type { OpLogLimits } from './OpLog.ts'
import { Participant } from './Participant.ts'
import { readOps } from './read-ops.ts'
import { Sequencer, type Units } from './Sequencer.ts'
import type { Source } from './Source.ts'

/** What a client has of a document when it comes back, and the edits whose acknowledgement it lacks. */
export interface JoinRequest {
  readonly userId: string
  readonly units: Units
  /** Names the log that `version` belongs to. */
  readonly epoch?: string | undefined
  readonly version?: number | undefined
  readonly pending?: readonly string[] | undefined
}

export interface EditRequest {
  /** Chosen by the client, unique among the edits of its user. */
  readonly id: string
  /** The version that the edit was made on; the last one that the client was sent when it is left out. */
  readonly version?: number | undefined
  readonly ops: unknown
  /** Origin of the Yjs transaction. */
  readonly origin: unknown
}

/** A message to one client, in the order of versions. */
export type Outgoing =
  | {
      readonly type: 'content'
      /** False when it takes the place of what the client was sent before. */
      readonly isFirst: boolean
      readonly version: number
      readonly content: readonly Op[]
      readonly applied: readonly string[]
    }
  | { readonly type: 'resumed'; readonly version: number; readonly applied: readonly string[] }
  | { readonly type: 'ack'; readonly opId: string; readonly version: number }
  | {
      readonly type: 'remote_edit'
      readonly version: number
      readonly userId: string
      readonly ops: readonly Op[]
    }

export interface OpSessionOptions {
  readonly source: Source
  /** A name that no other session has. */
  readonly epoch: string
  /** Edits that have been applied; this session adds its own. */
  readonly applied: AppliedEdits
  readonly userIdOf: (origin: unknown) => string
  /** The edits so far are durable once {@link isDurable} is true for this. */
  readonly ticket: () => number
  readonly isDurable: (ticket: number) => boolean
  /** Participants may have something to send. */
  readonly onOutgoing: () => void
  readonly limits?: OpLogLimits
}

/** The JSON clients of one document. */
export class OpSession {
  readonly options: OpSessionOptions
  readonly sequencer: Sequencer
  readonly #participants = new Set<Participant>()
  /** Who alone may still send an edit: a client that came back, not its earlier connection. */
  readonly #claims = new Map<string, Participant>()

  constructor(options: OpSessionOptions) {
    this.options = options
    this.sequencer = new Sequencer({
      source: options.source,
      userIdOf: options.userIdOf,
      ticket: options.ticket,
      onVersions: options.onOutgoing,
      onReset: () => {
        for (const participant of this.#participants) participant.restart()
        options.onOutgoing()
      },
      ...(options.limits && { limits: options.limits }),
    })
  }

  get participants(): ReadonlySet<Participant> {
    return this.#participants
  }

  close(): void {
    this.sequencer.close()
  }

  join(request: JoinRequest): Participant {
    const { userId, pending = [] } = request
    const applied = pending.filter((opId) => this.isApplied(userId, opId))
    const participant = new Participant(this, request, applied)
    this.#participants.add(participant)
    for (const opId of pending) this.#claims.set(editKey(userId, opId), participant)
    return participant
  }

  leave(participant: Participant): void {
    this.#participants.delete(participant)
    for (const [key, claimant] of this.#claims) if (claimant === participant) this.#claims.delete(key)
  }

  isApplied(userId: string, opId: string): boolean {
    return this.options.applied.has(userId, opId)
  }

  /**
   * Applies an edit that has not been applied.
   *
   * @throws {CodraftError} CODRAFT_EDIT_INVALID, CODRAFT_VERSION_UNKNOWN
   */
  submit(participant: Participant, version: number, { id, ops, origin }: EditRequest): void {
    const { userId, units } = participant
    const key = editKey(userId, id)
    const claimant = this.#claims.get(key)
    if (claimant && claimant !== participant) {
      throw new CodraftError('CODRAFT_VERSION_UNKNOWN', 'the client has joined again')
    }
    this.sequencer.submit({ version, changes: readOps(ops), units, userId, opId: id, origin })
    this.options.applied.add(userId, id)
    this.#claims.delete(key)
  }
}
