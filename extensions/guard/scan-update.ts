import { GC, getState, ID, type Doc } from 'yjs'
import type { GuardLimits } from './limits.ts'
import { areSiblings, notSiblings } from './place.ts'
import { MalformedUpdate, UpdateReader } from './UpdateReader.ts'

export interface Scan {
  /** What the update lacks to be applied whole; undefined when nothing. */
  readonly lacks: string | undefined
  /** Its structs depend on each other, add types, or go on where known ones end: `checkStructure` has to look at them. */
  readonly isStructural: boolean
}

/** Of an ordinary update: nothing more has to be looked at. */
const plain: Scan = { lacks: undefined, isStructural: false }

/** Flags and kinds in the first byte of a struct. */
const bothOrigins = 0xc0
const hasParentSub = 0x20
const kindMask = 0x1f

const Kind = {
  gc: 0,
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  document: 9,
  skip: 10,
} as const

/** Number of shared types; the two named ones have a name each. */
const typeCount = 7
const xmlElement = 3
const xmlHook = 5

/** Yjs takes a time quadratic in these, and writes neither. */
const maxGaps = 1_000
const maxUnordered = 1_000

/**
 * Reads an update byte by byte against what the document has, as Yjs would, and builds nothing.
 *
 * @throws {MalformedUpdate}
 */
export const scanUpdate = (document: Doc, update: Uint8Array, limits: GuardLimits): Scan =>
  new UpdateScanner(document, update, limits).scan()

class UpdateScanner {
  readonly #document: Doc
  readonly #reader: UpdateReader
  readonly #limits: GuardLimits
  /** Clock that each client of the update has after it. */
  readonly #states = new Map<number, number>()
  /** References to structs that were not read yet: client and clock in turn. */
  readonly #forward: number[] = []
  readonly #newRoots = new Set<string>()
  #lacks: string | undefined
  #gaps = 0
  #isStructural = false

  constructor(document: Doc, update: Uint8Array, limits: GuardLimits) {
    this.#document = document
    this.#reader = new UpdateReader(update, limits.maxDepth)
    this.#limits = limits
  }

  scan(): Scan {
    const clients = this.#reader.uint()
    if (clients > this.#limits.maxClients) throw new MalformedUpdate('too many clients')
    for (let i = 0; i < clients; i++) this.#scanClient()
    const forward = this.#forward
    for (let i = 0; i < forward.length; i += 2) {
      if (forward[i + 1]! >= this.#stateOf(forward[i]!)) this.#lacks ??= 'refers to what the document lacks'
    }
    this.#scanDeletions()
    if (this.#reader.rest > 0) throw new MalformedUpdate('has trailing bytes')
    if (this.#lacks === undefined && !this.#isStructural) return plain
    return { lacks: this.#lacks, isStructural: this.#isStructural }
  }

  #stateOf(client: number): number {
    return this.#states.get(client) ?? getState(this.#document.store, client)
  }

  #scanClient(): void {
    const reader = this.#reader
    const structs = reader.uint()
    const client = reader.uint()
    let clock = reader.uint()
    // Of two blocks of one client Yjs would drop the first.
    if (this.#states.has(client)) throw new MalformedUpdate('names a client twice')
    let state = getState(this.#document.store, client)
    let isGap = false
    for (let i = 0; i < structs; i++) {
      const info = reader.byte()
      const length = this.#scanStruct(info, client, clock)
      const end = clock + length
      if (length <= 0 || length > this.#limits.maxStructLength || end > this.#limits.maxClock)
        throw new MalformedUpdate('absurd length')
      if (info !== Kind.skip) {
        if (clock > state) isGap = true
        else if (end > state) {
          if (clock < state && info !== Kind.gc) this.#scanOverlap(client)
          state = end
        }
      }
      clock = end
    }
    if (isGap) {
      this.#lacks ??= 'has a gap'
      this.#gaps += 1
      if (this.#gaps > maxGaps) throw new MalformedUpdate('too many gaps')
    }
    this.#states.set(client, state)
  }

  /** Yjs joins the new part to the part that it has, and takes a removed one for text. The answer to step 1 overlaps nothing. */
  #scanOverlap(client: number): void {
    this.#isStructural = true
    if (this.#document.store.clients.get(client)?.at(-1) instanceof GC)
      this.#lacks ??= 'overlaps what was removed'
  }

  /** Returns the length of the struct. */
  #scanStruct(info: number, client: number, clock: number): number {
    const reader = this.#reader
    if (info === Kind.gc || info === Kind.skip) return reader.uint()
    if ((info & bothOrigins) === bothOrigins) this.#scanNeighbours(client, clock)
    else if (info & bothOrigins) this.#scanReference(client, clock)
    else {
      const isRoot = reader.uint()
      if (isRoot === 1) this.#scanRoot()
      else if (isRoot === 0) this.#scanReference(client, clock)
      else throw new MalformedUpdate('unknown kind of parent')
      if (info & hasParentSub) reader.string()
    }
    return this.#scanContent(info & kindMask)
  }

  /** Yjs searches all root types for each struct that it writes into one of them. */
  #scanRoot(): void {
    const name = this.#reader.text()
    const { share } = this.#document
    if (share.has(name)) return
    this.#newRoots.add(name)
    if (share.size + this.#newRoots.size > this.#limits.maxRoots)
      throw new MalformedUpdate('too many root types')
  }

  #scanNeighbours(client: number, clock: number): void {
    const left = this.#scanReference(client, clock)
    const right = this.#scanReference(client, clock)
    const { store } = this.#document
    if (left.clock >= getState(store, left.client) || right.clock >= getState(store, right.client))
      this.#isStructural = true
    else if (!areSiblings(this.#document, left, right)) throw new MalformedUpdate(notSiblings)
  }

  /** A struct can refer to earlier ones of its own client only: Yjs would look up what does not exist yet. */
  #scanReference(client: number, clock: number): ID {
    const id = new ID(this.#reader.uint(), this.#reader.uint())
    if (id.client === client) {
      if (id.clock >= clock) throw new MalformedUpdate('refers to itself')
    } else if (id.clock >= this.#stateOf(id.client)) {
      this.#isStructural = true
      this.#forward.push(id.client, id.clock)
    }
    return id
  }

  #scanContent(kind: number): number {
    const reader = this.#reader
    switch (kind) {
      case Kind.string:
        return reader.string()
      case Kind.deleted:
        return reader.uint()
      case Kind.any:
      case Kind.json: {
        const length = reader.uint()
        for (let i = 0; i < length; i++) {
          if (kind === Kind.any) reader.any()
          else reader.json(true)
        }
        return length
      }
      case Kind.binary:
        reader.skip(reader.uint())
        return 1
      case Kind.embed:
        reader.json()
        return 1
      case Kind.format:
        reader.string()
        reader.json()
        return 1
      case Kind.type: {
        this.#isStructural = true
        const type = reader.uint()
        if (type >= typeCount) throw new MalformedUpdate('unknown type')
        if (type === xmlElement || type === xmlHook) reader.string()
        return 1
      }
      case Kind.document:
        reader.string()
        reader.object()
        return 1
      default:
        throw new MalformedUpdate('unknown kind of content')
    }
  }

  #scanDeletions(): void {
    const reader = this.#reader
    const clients = reader.uint()
    const seen = clients > 1 ? new Set<number>() : undefined
    let unordered = 0
    for (let i = 0; i < clients; i++) {
      const client = reader.uint()
      const ranges = reader.uint()
      if (seen?.has(client)) throw new MalformedUpdate('names a client twice')
      seen?.add(client)
      const state = this.#stateOf(client)
      let previous = 0
      for (let j = 0; j < ranges; j++) {
        const clock = reader.uint()
        const length = reader.uint()
        if (length === 0) throw new MalformedUpdate('absurd length')
        if (clock + length > state) this.#lacks ??= 'deletes what the document lacks'
        if (clock < previous && ++unordered > maxUnordered)
          throw new MalformedUpdate('deletions out of order')
        previous = clock
      }
    }
  }
}
