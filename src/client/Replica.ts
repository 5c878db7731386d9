import { compose, transform, transformPosition, type Ops } from './delta.ts'
import { difference } from './difference.ts'

/** An edit on its way: at most one is sent and not acknowledged. */
export interface PendingEdit {
  readonly id: string
  readonly ops: Ops
}

export interface Joined {
  readonly version: number
  readonly content: Ops
  /** Edits of this client that the server has already applied. */
  readonly applied?: readonly string[]
}

/**
 * A client's copy of a document: what the server has, the edit that is on its way, and those that wait behind it. Edits of
 * others are transformed over both, exactly as the server transforms ours over theirs.
 */
export class Replica {
  /** Decides between two inserts at one place, as on the server. */
  userId: string
  readonly #newId: () => string
  /** The server's content at `version`. */
  #shadow: Ops = []
  #content: Ops = []
  #sent: PendingEdit | undefined
  #waiting: Ops | undefined
  version = -1

  /** `newId` names an edit; no two edits of one user may get the same name, not even after a restart. */
  constructor(userId: string, newId: () => string) {
    this.userId = userId
    this.#newId = newId
  }

  /** With all edits of this client, sent or not. */
  get content(): Ops {
    return this.#content
  }

  /** The edit that is on its way. */
  get sent(): PendingEdit | undefined {
    return this.#sent
  }

  get hasEdits(): boolean {
    return this.#sent !== undefined || this.#waiting !== undefined
  }

  /** A position in the server's content -> the same place in `content`. */
  toLocal(position: number): number {
    const sent = transformPosition(this.#sent?.ops ?? [], position, true)
    return transformPosition(this.#waiting ?? [], sent, true)
  }

  /** Makes an edit here; `next` then says what to send. */
  edit(ops: Ops): void {
    this.#content = compose(this.#content, ops)
    this.#waiting = this.#waiting ? compose(this.#waiting, ops) : compose(ops, [])
  }

  /** The edit to send now, on `version`; undefined while one is on its way or there is none. */
  next(): PendingEdit | undefined {
    if (this.#sent || !this.#waiting) return undefined
    const ops = this.#waiting
    this.#waiting = undefined
    // What was typed and removed again needs no sending.
    if (ops.length > 0) this.#sent = { id: this.#newId(), ops }
    return this.#sent
  }

  /** The server has the edit that was on its way. */
  acknowledged(version: number): void {
    this.#shadow = compose(this.#shadow, this.#sent?.ops ?? [])
    this.#sent = undefined
    this.version = version
  }

  /** The server refuses the edit that was on its way: it is taken back. Returns the change of the content. */
  refused(): Ops {
    const before = this.#content
    this.#sent = undefined
    // What was made on top of it cannot stand without it.
    this.#waiting = undefined
    this.#content = this.#shadow
    return difference(before, this.#content)
  }

  /** An edit of somebody else. Returns it as a change of `content`. */
  received(ops: Ops, userId: string, version: number): Ops {
    // What the server adds by itself comes last.
    const first = userId !== '' && userId <= this.userId
    let change = ops
    this.#shadow = compose(this.#shadow, ops)
    if (this.#sent) {
      const mine = this.#sent.ops
      this.#sent = { ...this.#sent, ops: transform(change, mine, first) }
      change = transform(mine, change, !first)
    }
    if (this.#waiting) {
      const mine = this.#waiting
      this.#waiting = transform(change, mine, first)
      change = transform(mine, change, !first)
    }
    this.#content = compose(this.#content, change)
    this.version = version
    return change
  }

  /**
   * The content as the server has it now, after a gap that it cannot fill. Edits that it does not have are moved over
   * what has changed and sent again under their name. Returns the change of `content`.
   */
  joined({ version, content, applied = [] }: Joined): Ops {
    const before = this.#content
    if (this.#sent && applied.includes(this.#sent.id)) {
      this.#shadow = compose(this.#shadow, this.#sent.ops)
      this.#sent = undefined
    }
    let change: Ops = difference(this.#shadow, content)
    this.#shadow = content
    this.#content = content
    this.version = version
    if (this.#sent) {
      const mine = this.#sent.ops
      this.#sent = { ...this.#sent, ops: transform(change, mine, true) }
      change = transform(mine, change, false)
      this.#content = compose(this.#content, this.#sent.ops)
    }
    if (this.#waiting) {
      this.#waiting = transform(change, this.#waiting, true)
      this.#content = compose(this.#content, this.#waiting)
    }
    return difference(before, this.#content)
  }
}
