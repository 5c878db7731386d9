import { Builder, lengthOf, same, withAttributes, type Op, type Ops } from './delta.ts'

/** With more inserted and deleted characters than this, what differs counts as replaced as a whole. */
const maxEdits = 1_000

/** A change that leads from one content to another. All that the two have in common stays, so that positions in it do. */
export const difference = (from: Ops, to: Ops): Op[] => {
  const before = characters(from)
  const after = characters(to)
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && sameOp(before[start], after[start])) start += 1
  let end = 0
  while (end < shorter - start && sameOp(before.at(-1 - end), after.at(-1 - end))) end += 1
  const removed = before.slice(start, before.length - end)
  const added = after.slice(start, after.length - end)

  const result = new Builder().push({ retain: sizeOf(before.slice(0, start)) })
  let at = 0
  let taken = 0
  for (const [kept, match] of [...matches(removed, added), [removed.length, added.length] as const]) {
    for (const op of added.slice(taken, match)) result.push(op)
    result.push({ delete: sizeOf(removed.slice(at, kept)) })
    result.push({ retain: sizeOf(removed.slice(kept, kept + 1)) })
    at = kept + 1
    taken = match + 1
  }
  return result.chop()
}

/** Pairs of indices of what `a` and `b` have in common, after Myers; none when they differ too much. */
const matches = (a: readonly Op[], b: readonly Op[]): (readonly [number, number])[] => {
  /** By diagonal: how far in `a` one comes with so many edits. */
  const rounds: Map<number, number>[] = []
  let reached = new Map([[1, 0]])
  for (let edits = 0; edits <= maxEdits; edits += 1) {
    rounds.push(reached)
    const next = new Map<number, number>()
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = firstOf(reached, diagonal, edits)
      while (x < a.length && x - diagonal < b.length && sameOp(a[x], b[x - diagonal])) x += 1
      next.set(diagonal, x)
      if (x >= a.length && x - diagonal >= b.length) return walkBack(rounds, x, diagonal)
    }
    reached = next
  }
  return []
}

/** Where the path on a diagonal begins: from the one above or the one below, whichever is further. */
const firstOf = (reached: ReadonlyMap<number, number>, diagonal: number, edits: number): number => {
  const left = reached.get(diagonal - 1) ?? -1
  const above = reached.get(diagonal + 1) ?? -1
  return diagonal === -edits || (diagonal !== edits && left < above) ? above : left + 1
}

const walkBack = (
  rounds: readonly ReadonlyMap<number, number>[],
  lastX: number,
  lastDiagonal: number,
): (readonly [number, number])[] => {
  const pairs: (readonly [number, number])[] = []
  let x = lastX
  let diagonal = lastDiagonal
  for (let edits = rounds.length - 1; edits >= 0; edits -= 1) {
    const reached = rounds[edits] as ReadonlyMap<number, number>
    const first = firstOf(reached, diagonal, edits)
    while (x > first) {
      x -= 1
      pairs.push([x, x - diagonal])
    }
    const isAbove = first === reached.get(diagonal + 1)
    if (isAbove) diagonal += 1
    else {
      diagonal -= 1
      x -= 1
    }
  }
  return pairs.reverse()
}

const sizeOf = (ops: readonly Op[]): number => ops.reduce((sum, op) => sum + lengthOf(op), 0)

const sameOp = (a: Op | undefined, b: Op | undefined): boolean =>
  same(a?.insert, b?.insert) && same(a?.attributes, b?.attributes)

/** Content with an op for each character (not for half of one) and embed. */
const characters = (content: Ops): Op[] =>
  content.flatMap((op) =>
    typeof op.insert === 'string'
      ? Array.from(op.insert, (insert) => withAttributes({ insert }, op.attributes))
      : [op],
  )
