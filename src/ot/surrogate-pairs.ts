import { Delta, type Op } from './delta.ts'

/** Where the surrogate pairs of a document are: index of the first half of each, ascending. Most documents have few. */
export type SurrogatePairs = readonly number[]

const none: SurrogatePairs = []

const pairsIn = (text: string, offset: number, found: number[]): void => {
  for (let i = 0; i + 1 < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0xd800 && unit <= 0xdbff) found.push(offset + i++)
  }
}

const isAstral = ({ ops }: Delta): boolean =>
  ops.some(({ insert }) => typeof insert === 'string' && /[\ud800-\udbff]/.test(insert))

export const pairsOf = (content: Delta): SurrogatePairs => {
  if (!isAstral(content)) return none
  const pairs: number[] = []
  let index = 0
  for (const { insert } of content.ops) {
    if (typeof insert === 'string') pairsIn(insert, index, pairs)
    index += typeof insert === 'string' ? insert.length : 1
  }
  return pairs
}

/** Where the pairs are after `delta`. */
export const movePairs = (pairs: SurrogatePairs, delta: Delta): SurrogatePairs => {
  if (pairs.length === 0 && !isAstral(delta)) return pairs
  const moved: number[] = []
  let next = 0
  let before = 0
  let after = 0
  const keepUntil = (end: number): void => {
    for (; next < pairs.length && (pairs[next] as number) < end; next++) {
      moved.push((pairs[next] as number) - before + after)
    }
  }
  for (const { insert, delete: deleted, retain } of delta.ops) {
    if (insert !== undefined) {
      if (typeof insert === 'string') pairsIn(insert, after, moved)
      after += typeof insert === 'string' ? insert.length : 1
    } else if (deleted !== undefined) {
      before += deleted
      while (next < pairs.length && (pairs[next] as number) < before) next++
    } else {
      const length = retain as number
      keepUntil(before + length)
      before += length
      after += length
    }
  }
  keepUntil(Infinity)
  return moved
}

/** How many pairs begin below `index`. */
const countBelow = (pairs: SurrogatePairs, index: number): number => {
  let low = 0
  let high = pairs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((pairs[middle] as number) < index) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether `index` lies between the halves of a pair. */
export const splitsPair = (pairs: SurrogatePairs, index: number): boolean =>
  pairs.length > 0 && pairs[countBelow(pairs, index) - 1] === index - 1

/** UTF-16 index -> index in code points. */
export const toCodePoints = (pairs: SurrogatePairs, index: number): number => index - countBelow(pairs, index)

/** Index in code points -> UTF-16 index. */
export const toCodeUnits = (pairs: SurrogatePairs, index: number): number => {
  let low = 0
  let high = pairs.length
  // The pair i begins at the code point pairs[i] - i.
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((pairs[middle] as number) - middle < index) low = middle + 1
    else high = middle
  }
  return index + low
}

/** The change with every length and position of the document before it converted by `convert`. */
export const convertLengths = ({ ops }: Delta, convert: (index: number) => number): Op[] => {
  let from = 0
  return ops.map((op) => {
    const length = op.delete ?? (op.retain as number | undefined)
    if (length === undefined) return op
    const converted = convert(from + length) - convert(from)
    from += length
    return op.delete === undefined ? { ...op, retain: converted } : { delete: converted }
  })
}
