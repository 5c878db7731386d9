import { createHash } from 'node:crypto'
import type { Document } from '@hocuspocus/server'
import { applyUpdate, encodeSnapshot, encodeStateAsUpdate, encodeStateVector, snapshot } from 'yjs'
import type { EditOrigin, JournalRecord, Position, ReplayBase } from '../journal/Journal.ts'
import { tracesOf, type RecordContent } from '../journal/record.ts'
import { startCaused, type TracedSpan } from '../tracing/index.ts'
import { relayOrigin } from '../transaction-origin.ts'
import type { RelayMessage } from './relay-message.ts'

export interface RelayedDocumentOptions {
  readonly document: Document
  /** The name of this instance. */
  readonly instance: string
  /** What an announced record holds. @throws when it is damaged */
  readonly decode: (position: Position, body: Buffer) => RecordContent
  readonly read: (after: Position) => Promise<JournalRecord[]>
  /** The newest snapshot, for when the journal was trimmed above what this instance has. */
  readonly base: () => Promise<ReplayBase | undefined>
  readonly send: (kind: 'digest' | 'vector' | 'difference', position: Position | '', body: Uint8Array) => void
  /** Whether everything that this instance has appended is durable, and so announced. */
  readonly isSettled: () => boolean
  /** The document is about to get these edits, those that have an op id among them. */
  readonly onEdits: (edits: readonly EditOrigin[]) => void
  /** A record up to this position exists. */
  readonly onSeen: (position: Position) => void
  readonly onError: (error: unknown, what: string) => void
}

/** Past so many records that wait for a missing one, the stream is read instead. */
const maxHeld = 1_000

/** After a mismatch two instances have this long to exchange what they lack, ms. */
const compareEveryMs = 2_000

/** Origin of what another instance has and the journal has lost: it is journaled again. */
const repairOrigin = { source: 'local', skipStoreHooks: true } as const

/**
 * One document as other instances edit it: applies their records in the order of positions, and reads the stream
 * where it has missed some.
 */
export class RelayedDocument {
  readonly #options: RelayedDocumentOptions
  /** All records up to this one are in the document; undefined while it loads. */
  #position: Position | undefined
  /** Records that wait for the ones before them. */
  #held: (RelayMessage & { kind: 'record' })[] = []
  #healing: Promise<void> | undefined
  #healAgain = false
  /** Whether anybody else has the document: only then a digest has a reader. */
  #hasPeers = false
  /** Changed since the last digest. */
  #changed = false
  #digestPosition: Position | undefined
  #comparedAt = -Infinity
  #ended = false

  constructor(options: RelayedDocumentOptions) {
    this.#options = options
    options.document.on('update', () => {
      this.#changed = true
    })
  }

  get position(): Position {
    return this.#position ?? 0
  }

  /** The document has been loaded up to `position`; from now on records are applied. */
  loaded(position: Position): void {
    this.#position = position
    const held = this.#held
    this.#held = []
    for (const message of held) this.#record(message)
  }

  end(): void {
    this.#ended = true
  }

  receive(message: RelayMessage): void {
    if (this.#ended) return
    if (message.instance !== this.#options.instance) this.#hasPeers = true
    if (message.kind === 'record') this.#record(message)
    else if (message.instance !== this.#options.instance && this.#position !== undefined)
      this.#compare(message)
  }

  /** Reads from the stream what has not arrived; resolves when that is done or has failed. */
  heal(): Promise<void> {
    if (this.#healing) this.#healAgain = true
    else
      this.#healing = this.#heal()
        .catch((error: unknown) => this.#options.onError(error, 'reading what was missed'))
        .finally(() => {
          this.#healing = undefined
          if (!this.#healAgain) return
          this.#healAgain = false
          void this.heal()
        })
    return this.#healing
  }

  /** Everything that is in memory, for a journal that has lost its end. */
  state(): Uint8Array {
    return encodeStateAsUpdate(this.#options.document)
  }

  /** Tells the others what this instance has, once it has been quiet for a while after a change. */
  announceDigest(): void {
    const { document, send, isSettled } = this.#options
    const position = this.#position
    const isQuiet = position === this.#digestPosition
    this.#digestPosition = position
    if (!isQuiet || !this.#changed || !this.#hasPeers || position === undefined || !isSettled()) return
    this.#changed = false
    send('digest', position, Buffer.from(digestOf(document), 'latin1'))
  }

  #record(message: RelayMessage & { kind: 'record' }): void {
    if (this.#position === undefined || message.position > this.#position + 1) {
      this.#hold(message)
      return
    }
    if (!this.#applyRecord(message)) return
    while (this.#held.length > 0) {
      const next = this.#held.findIndex(({ position }) => position <= this.position + 1)
      if (next < 0) return
      const [record] = this.#held.splice(next, 1)
      if (!record || !this.#applyRecord(record)) return
    }
  }

  #hold(message: RelayMessage & { kind: 'record' }): void {
    this.#held.push(message)
    if (this.#held.length > maxHeld) this.#held = []
    if (this.#position !== undefined) void this.heal()
  }

  /** Applies it, also once more: a position is no proof when Redis has lost the end of a stream. */
  #applyRecord({ instance, position, body }: RelayMessage & { kind: 'record' }): boolean {
    if (instance !== this.#options.instance) {
      if (!body) {
        if (position > this.position) void this.heal()
        return false
      }
      try {
        const { updates, origins } = this.#options.decode(position, body)
        this.#apply(updates, origins)
      } catch (error) {
        this.#options.onError(error, 'applying an announced record')
        void this.heal()
        return false
      }
    }
    this.#options.onSeen(position)
    this.#position = Math.max(this.position, position)
    return true
  }

  #apply(updates: readonly Uint8Array[], edits: readonly EditOrigin[]): void {
    const { document, onEdits } = this.#options
    onEdits(edits)
    const traces = tracesOf(edits)
    const span = traces.length > 0 ? startRelay(document.name, traces) : undefined
    const [first] = updates
    if (first && updates.length === 1) applyUpdate(document, first, relayOrigin)
    else
      document.transact(() => {
        for (const update of updates) applyUpdate(document, update, relayOrigin)
      }, relayOrigin)
    span?.end()
  }

  async #heal(): Promise<void> {
    const { read, base } = this.#options
    if (this.#position === undefined) return
    let records: JournalRecord[]
    try {
      records = await read(this.#position)
    } catch (error) {
      if (!isTrimmed(error)) throw error
      const start = await base()
      if (!start || this.#ended) throw error
      this.#apply([start.state], start.edits ?? [])
      this.#position = Math.max(this.position, start.position)
      records = await read(this.position)
    }
    if (this.#ended) return
    this.#apply(
      records.flatMap(({ updates }) => updates),
      records.flatMap(({ origins }) => origins),
    )
    this.#position = Math.max(this.position, records.at(-1)?.position ?? 0)
    const held = this.#held
    this.#held = []
    for (const message of held) this.#record(message)
  }

  #compare(message: Exclude<RelayMessage, { kind: 'record' }>): void {
    const { document, send, isSettled, onError } = this.#options
    try {
      switch (message.kind) {
        case 'digest':
          if (message.position !== this.#position || !isSettled()) return
          if (performance.now() - this.#comparedAt < compareEveryMs) return
          if (digestOf(document) === message.digest) return
          this.#comparedAt = performance.now()
          // The other one compares as well, and asks for what it lacks.
          send('digest', this.#position, Buffer.from(digestOf(document), 'latin1'))
          send('vector', '', encodeStateVector(document))
          return
        case 'vector':
          send('difference', '', encodeStateAsUpdate(document, message.stateVector))
          return
        case 'difference':
          applyUpdate(document, message.update, repairOrigin)
      }
    } catch (error) {
      onError(error, 'comparing with another instance')
    }
  }
}

const startRelay = (documentName: string, traces: readonly string[]): TracedSpan | undefined =>
  startCaused(traces, 'relay edit', {
    kind: 'consumer',
    attributes: { 'codraft.document': documentName },
  })

/** Hash of the state vector and of the delete set: a state vector alone does not show deletions. */
const digestOf = (document: Document): string =>
  createHash('sha256')
    .update(encodeSnapshot(snapshot(document)))
    .digest('base64')

const isTrimmed = (error: unknown): boolean =>
  error instanceof Error && 'errorCode' in error && error.errorCode === 'CODRAFT_JOURNAL_TRIMMED'
