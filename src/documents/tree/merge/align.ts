import { matchKeys } from './matches.ts'

/** Which of the old items each new one takes the place of; old ones that are not named go. */
export type Alignment<Old, New> = readonly {
  readonly from: Old | undefined
  readonly to: New
  readonly isSame: boolean
}[]

interface Keyed {
  readonly key: string
}

/** Gaps larger than this are aligned from the front, without weighing. */
const maxWeighed = 4000
/** There, what is less alike is replaced: many small changes cost Yjs more than one large one. */
const minLikeness = 0.3

/**
 * Aligns two lists in order: equal items first, then the most alike ones between them.
 *
 * @param likeness 0 (cannot take its place) to 1
 */
export const align = <Old extends Keyed, New extends Keyed>(
  from: readonly Old[],
  to: readonly New[],
  likeness: (from: Old, to: New) => number,
): Alignment<Old, New> => {
  const aligned: { from: Old | undefined; to: New; isSame: boolean }[] = []
  const matches = matchKeys(
    from.map(({ key }) => key),
    to.map(({ key }) => key),
  )
  let [oldIndex, newIndex] = [0, 0]
  for (const [oldMatch, newMatch] of [...matches, [from.length, to.length] as const]) {
    aligned.push(...alignGap(from.slice(oldIndex, oldMatch), to.slice(newIndex, newMatch), likeness))
    const item = to[newMatch]
    if (item !== undefined) aligned.push({ from: from[oldMatch], to: item, isSame: true })
    oldIndex = oldMatch + 1
    newIndex = newMatch + 1
  }
  return aligned
}

const alignGap = <Old, New>(
  from: readonly Old[],
  to: readonly New[],
  likeness: (from: Old, to: New) => number,
): { from: Old | undefined; to: New; isSame: boolean }[] => {
  if (from.length * to.length > maxWeighed) {
    return to.map((item, index) => {
      const old = from[index]
      return {
        from: old !== undefined && likeness(old, item) > minLikeness ? old : undefined,
        to: item,
        isSame: false,
      }
    })
  }
  // best[i][j]: the highest sum of likeness for the ends of both lists from i and j on.
  const best = Array.from({ length: from.length + 1 }, () => Array<number>(to.length + 1).fill(0))
  const at = (i: number, j: number): number => best[i]?.[j] ?? 0
  const alike = from.map((old) => to.map((item) => likeness(old, item)))
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      const together = alike[i]?.[j] ?? 0
      const row = best[i] as number[]
      row[j] = Math.max(at(i + 1, j), at(i, j + 1), together > 0 ? together + at(i + 1, j + 1) : 0)
    }
  }
  const aligned: { from: Old | undefined; to: New; isSame: boolean }[] = []
  let i = 0
  for (let j = 0; j < to.length; j++) {
    while (i < from.length && at(i, j) === at(i + 1, j)) i++
    const together = i < from.length ? (alike[i]?.[j] ?? 0) : 0
    const isPair = together > 0 && at(i, j) === together + at(i + 1, j + 1)
    aligned.push({ from: isPair ? from[i] : undefined, to: to[j] as New, isSame: false })
    if (isPair) i++
  }
  return aligned
}
