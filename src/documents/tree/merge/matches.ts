import { diffArrays } from 'diff'

/** Two indexes of equal keys. */
export type Match = readonly [from: number, to: number]

/** Ranges up to this size without a key of their own are compared exactly. */
const maxExact = 2000
/** Edits past which two ranges have nothing in common worth keeping. */
const maxEdits = 400

interface Range {
  readonly from: readonly [start: number, end: number]
  readonly to: readonly [start: number, end: number]
}

/**
 * Which keys of two lists stay, in order: first those that occur once in both (patience diff), then exactly between
 * them. Close to linear, also for lists that have nothing in common.
 */
export const matchKeys = (from: readonly string[], to: readonly string[]): Match[] => {
  const matches: Match[] = []
  const ranges: Range[] = [{ from: [0, from.length], to: [0, to.length] }]
  for (let range = ranges.pop(); range; range = ranges.pop()) {
    const inner = trim(from, to, range, matches)
    if (inner.from[0] === inner.from[1] || inner.to[0] === inner.to[1]) continue
    const anchors = anchorsOf(from, to, inner)
    if (anchors.length === 0) matches.push(...exactMatches(from, to, inner))
    else ranges.push(...rangesBetween(anchors, inner))
  }
  return matches.sort(([a], [b]) => a - b)
}

/** Takes what is equal at both ends. */
const trim = (from: readonly string[], to: readonly string[], range: Range, matches: Match[]): Range => {
  let [fromStart, fromEnd] = range.from
  let [toStart, toEnd] = range.to
  while (fromStart < fromEnd && toStart < toEnd && from[fromStart] === to[toStart])
    matches.push([fromStart++, toStart++])
  while (fromStart < fromEnd && toStart < toEnd && from[fromEnd - 1] === to[toEnd - 1])
    matches.push([--fromEnd, --toEnd])
  return { from: [fromStart, fromEnd], to: [toStart, toEnd] }
}

/** Where a key stands that occurs once; -1 for more. */
const placesOf = (keys: readonly string[], [start, end]: Range['from']): Map<string, number> => {
  const places = new Map<string, number>()
  for (let index = start; index < end; index++) {
    const key = keys[index] as string
    places.set(key, places.has(key) ? -1 : index)
  }
  return places
}

/** The longest rising sequence of keys that occur once in both. */
const anchorsOf = (from: readonly string[], to: readonly string[], range: Range): Match[] => {
  const places = placesOf(from, range.from)
  const pairs: Match[] = []
  for (const [key, toIndex] of placesOf(to, range.to)) {
    const fromIndex = places.get(key) ?? -1
    if (toIndex >= 0 && fromIndex >= 0) pairs.push([fromIndex, toIndex])
  }
  // The ends of the sequences of each length so far, and what comes before each pair.
  const ends: number[] = []
  const before: number[] = []
  for (const [index, [fromIndex]] of pairs.entries()) {
    let [low, high] = [0, ends.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((pairs[ends[middle] as number]?.[0] ?? 0) < fromIndex) low = middle + 1
      else high = middle
    }
    before.push(low > 0 ? (ends[low - 1] as number) : -1)
    ends[low] = index
  }
  const anchors: Match[] = []
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index] as number)
    anchors.push(pairs[index] as Match)
  return anchors.reverse()
}

/** The ranges between anchors; each begins with one, which trimming takes. */
const rangesBetween = (anchors: readonly Match[], { from, to }: Range): Range[] => {
  const [first] = anchors
  const ranges: Range[] = first ? [{ from: [from[0], first[0]], to: [to[0], first[1]] }] : []
  for (const [index, [fromStart, toStart]] of anchors.entries()) {
    const [fromEnd, toEnd] = anchors[index + 1] ?? [from[1], to[1]]
    ranges.push({ from: [fromStart, fromEnd], to: [toStart, toEnd] })
  }
  return ranges
}

const exactMatches = (from: readonly string[], to: readonly string[], range: Range): Match[] => {
  const before = from.slice(...range.from)
  const after = to.slice(...range.to)
  if (before.length + after.length > maxExact) return []
  const matches: Match[] = []
  let [fromIndex, toIndex] = [range.from[0], range.to[0]]
  for (const { value, added, removed } of diffArrays(before, after, { maxEditLength: maxEdits }) ?? []) {
    if (removed) fromIndex += value.length
    else if (added) toIndex += value.length
    else for (let count = value.length; count > 0; count--) matches.push([fromIndex++, toIndex++])
  }
  return matches
}
