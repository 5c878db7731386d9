export type Attributes = Readonly<Record<string, unknown>>

/** One run of a change, or of content (inserts only). Lengths count UTF-16 code units; an embed has the length 1. */
export interface Op {
  readonly insert?: string | Readonly<Record<string, unknown>>
  readonly retain?: number
  readonly delete?: number
  /** `null` removes an attribute. */
  readonly attributes?: Attributes
}

/** A change, or content, in the form of Quill's deltas. */
export type Ops = readonly Op[]

export const lengthOf = ({ insert, retain, delete: deleted }: Op): number =>
  typeof insert === 'string' ? insert.length : insert ? 1 : (retain ?? deleted ?? 0)

const key = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part)
      ? Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))
      : part,
  ) ?? ''

export const same = (a: unknown, b: unknown): boolean => a === b || key(a) === key(b)

export const withAttributes = (op: Op, attributes: Attributes | undefined): Op =>
  attributes && Object.keys(attributes).length > 0 ? { ...op, attributes } : op

/** Builds ops in normal form: neighbours merged, an insert before a delete at the same place. */
export class Builder {
  readonly ops: Op[] = []

  push(op: Op): this {
    if (lengthOf(op) === 0) return this
    const { ops } = this
    let at = ops.length
    if (op.insert !== undefined && ops[at - 1]?.delete !== undefined) at -= 1
    const last = ops[at - 1]
    if (last && same(last.attributes, op.attributes)) {
      let merged: Op | undefined
      if (last.delete && op.delete) merged = { delete: last.delete + op.delete }
      else if (last.retain && op.retain) merged = { retain: last.retain + op.retain }
      else if (typeof last.insert === 'string' && typeof op.insert === 'string')
        merged = { insert: last.insert + op.insert }
      if (merged) {
        ops[at - 1] = withAttributes(merged, op.attributes)
        return this
      }
    }
    ops.splice(at, 0, op)
    return this
  }

  /** The ops without a retain at the end that changes nothing. */
  chop(): Op[] {
    const last = this.ops.at(-1)
    if (last?.retain && !last.attributes) this.ops.pop()
    return this.ops
  }
}

/** Takes ops apart from the left, in pieces of any length; past the end comes an endless retain. */
class Pieces {
  #index = 0
  #offset = 0
  readonly #ops: Ops

  constructor(ops: Ops) {
    this.#ops = ops
  }

  get isDone(): boolean {
    return this.#index >= this.#ops.length
  }

  get op(): Op {
    return this.#ops[this.#index] ?? { retain: Infinity }
  }

  get length(): number {
    return this.isDone ? Infinity : lengthOf(this.op) - this.#offset
  }

  take(length = this.length): Op {
    const { op } = this
    if (this.isDone) return { retain: length }
    const from = this.#offset
    if (from + length >= lengthOf(op)) {
      this.#index += 1
      this.#offset = 0
    } else this.#offset += length
    if (typeof op.insert === 'string')
      return withAttributes({ insert: op.insert.slice(from, from + length) }, op.attributes)
    if (op.insert) return op
    return op.delete ? { delete: length } : withAttributes({ retain: length }, op.attributes)
  }
}

const composeAttributes = (
  a: Attributes | undefined,
  b: Attributes | undefined,
  keepNull: boolean,
): Attributes =>
  Object.fromEntries(Object.entries({ ...a, ...b }).filter(([, value]) => keepNull || value !== null))

/** The change that does `a`, then `b`; with content as `a`, the content after `b`. */
export const compose = (a: Ops, b: Ops): Op[] => {
  const left = new Pieces(a)
  const right = new Pieces(b)
  const result = new Builder()
  while (!left.isDone || !right.isDone) {
    if (right.op.insert !== undefined) result.push(right.take())
    else if (left.op.delete) result.push(left.take())
    else {
      const length = Math.min(left.length, right.length)
      const mine = left.take(length)
      const next = right.take(length)
      if (next.retain) {
        const isRetain = mine.retain !== undefined
        const { attributes: _, ...op } = mine
        result.push(withAttributes(op, composeAttributes(mine.attributes, next.attributes, isRetain)))
      } else if (mine.retain) result.push(next)
    }
  }
  return result.chop()
}

/** `b` as a change of what `a` leaves behind; both were made on the same content. `aFirst`: inserts of `a` stay left. */
export const transform = (a: Ops, b: Ops, aFirst: boolean): Op[] => {
  const left = new Pieces(a)
  const right = new Pieces(b)
  const result = new Builder()
  while (!left.isDone || !right.isDone) {
    if (left.op.insert !== undefined && (aFirst || right.op.insert === undefined))
      result.push({ retain: lengthOf(left.take()) })
    else if (right.op.insert !== undefined) result.push(right.take())
    else {
      const length = Math.min(left.length, right.length)
      const done = left.take(length)
      const next = right.take(length)
      if (done.delete) continue
      if (next.delete) result.push(next)
      else {
        const kept = Object.entries(next.attributes ?? {}).filter(
          ([name]) => !aFirst || !(name in (done.attributes ?? {})),
        )
        result.push(withAttributes({ retain: length }, Object.fromEntries(kept)))
      }
    }
  }
  return result.chop()
}

/** Where `position` is after `change`; an insert exactly there pushes it only when `pushed`. */
export const transformPosition = (change: Ops, position: number, pushed: boolean): number => {
  let index = 0
  let moved = position
  for (const op of change) {
    if (index > moved) break
    const length = lengthOf(op)
    if (op.delete) {
      moved -= Math.min(length, moved - index)
      continue
    }
    if (op.insert !== undefined && (index < moved || pushed)) moved += length
    index += length
  }
  return moved
}

/** The text of content, with U+FFFC in the place of each embed. */
export const textOf = (content: Ops): string =>
  content.map(({ insert }) => (typeof insert === 'string' ? insert : '\ufffc')).join('')
