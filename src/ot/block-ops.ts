import { CodraftError } from '../../extensions/errors.ts'
import { Delta } from './delta.ts'
import type { BlockPlace } from './Source.ts'

/** Which block an op is about: its index (-1 is the last one), or its id where blocks have one. */
export type BlockReference = number | string

/** Where blocks begin, as the client counts; one more for the end of the last. */
export interface BlockStarts {
  readonly starts: readonly number[]
  readonly ids: readonly (string | undefined)[]
}

/** An op that names blocks; it becomes a change once it is known where they are in the version it was made on. */
export type BlockOp = (blocks: BlockStarts) => Delta

const invalid = (detail: string): CodraftError => new CodraftError('CODRAFT_EDIT_INVALID', detail)

export const startsOf = (blocks: readonly BlockPlace[], convert: (index: number) => number): BlockStarts => {
  const starts = [0]
  let end = 0
  for (const { length } of blocks) starts.push(convert((end += length)))
  return { starts, ids: blocks.map(({ id }) => id) }
}

/** @throws {CodraftError} CODRAFT_EDIT_INVALID */
export const readReference = (value: unknown, name: string): BlockReference => {
  if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))) return value
  throw invalid(`${name} is the index or the id of a block`)
}

/** Beginning and end of a block, its line break included. */
const spanOf = ({ starts, ids }: BlockStarts, reference: BlockReference): { start: number; end: number } => {
  const count = ids.length
  const found = typeof reference === 'string' ? ids.indexOf(reference) : reference
  const index = typeof reference === 'number' && reference < 0 ? count + reference : found
  const [start, end] = [starts[index], starts[index + 1]]
  if (index < 0 || start === undefined || end === undefined) throw invalid('there is no such block')
  return { start, end }
}

/** A change within the text of a block, from `offset` on. */
export const changeInBlock =
  (block: BlockReference, offset: number, change: Delta): BlockOp =>
  (blocks) => {
    const { start, end } = spanOf(blocks, block)
    const reach = change.ops.reduce(
      (sum, op) => sum + (op.delete ?? (op.retain as number | undefined) ?? 0),
      offset,
    )
    if (reach >= end - start) throw invalid(`the block ends at ${end - start - 1}`)
    return new Delta().retain(start + offset).concat(change)
  }

export const insertBlock =
  (
    text: Delta,
    attributes: Record<string, unknown>,
    place: { before?: BlockReference; after?: BlockReference },
  ): BlockOp =>
  (blocks) => {
    const { before, after } = place
    const at =
      before === undefined
        ? after === undefined
          ? (blocks.starts.at(-1) as number)
          : spanOf(blocks, after).end
        : spanOf(blocks, before).start
    return new Delta().retain(at).concat(text).insert('\n', attributes)
  }

export const deleteBlock =
  (block: BlockReference): BlockOp =>
  (blocks) => {
    const { start, end } = spanOf(blocks, block)
    return new Delta().retain(start).delete(end - start)
  }

export const setBlock =
  (block: BlockReference, attributes: Record<string, unknown>): BlockOp =>
  (blocks) =>
    new Delta().retain(spanOf(blocks, block).end - 1).retain(1, attributes)
