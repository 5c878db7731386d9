import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'

/** A part of a list. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** Where the next part begins; undefined when this is the last. */
  readonly cursor?: string
}

/** Which part of a list to read. */
export interface PageRequest {
  /** The cursor of the page before; undefined for the first. */
  readonly cursor?: string | undefined
  readonly limit: number
}

const positionSchema = z.tuple([z.number(), z.string()])

/** Where a page ended: the number that the list is sorted by, and an id among equal ones. */
export type Position = z.infer<typeof positionSchema>

export const encodeCursor = (position: Position): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url')

/** @throws {CodraftError} CODRAFT_REQUEST_INVALID when no list has given this cursor */
export const decodeCursor = (cursor: string): Position => {
  try {
    return positionSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch {
    throw new CodraftError('CODRAFT_REQUEST_INVALID', 'cursor: take it from the page before')
  }
}

/** Makes a page of `limit` items from one more than that, if there are as many. */
export const pageOf = <Item>(
  items: readonly Item[],
  limit: number,
  position: (item: Item) => Position,
): Page<Item> => {
  const last = items[limit - 1]
  if (items.length <= limit || !last) return { items }
  return { items: items.slice(0, limit), cursor: encodeCursor(position(last)) }
}
