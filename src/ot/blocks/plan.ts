import { CodraftError } from '../../../extensions/errors.ts'
import type { Delta, Op } from '../delta.ts'
import { lengthOf, type Line } from './lines.ts'
import {
  blockPart,
  checkEmbed,
  isTextBlockName,
  markAttributes,
  type Attributes,
  type KnownNames,
} from './schema.ts'

/** A part of a new line: text that stays, with other marks perhaps, or text that is new. */
export type Piece =
  | { readonly line: number; readonly from: number; readonly to: number; readonly marks: Attributes }
  | { readonly insert: string | Record<string, unknown>; readonly marks: Attributes }

export interface PlannedLine {
  readonly pieces: readonly Piece[]
  /** The old line whose end this line has; undefined when its end is new. */
  readonly end: number | undefined
  /** What the change says of the block. */
  readonly attributes: Attributes
  /** Where the change found itself when the line ended. */
  readonly at: number
}

export interface Plan {
  /** The old lines that the planned ones take the place of: from `first` up to, not including, `last`. */
  readonly first: number
  readonly last: number
  readonly lines: readonly PlannedLine[]
}

/**
 * The lines that a change makes of some lines, as far as it touches them.
 *
 * @throws {CodraftError} CODRAFT_EDIT_INVALID
 */
export const planLines = (lines: readonly Line[], change: Delta, known: KnownNames): Plan => {
  const planner = new Planner(lines, known)
  for (const [index, op] of change.ops.entries()) planner.take(op, blockThatEnds(change.ops, index))
  return planner.finish()
}

/** The block that an inserted text is the beginning of, when the end of that block is inserted with it. */
const blockThatEnds = (ops: readonly Op[], index: number): unknown => {
  for (const { insert, attributes } of ops.slice(index + 1)) {
    if (insert === undefined) return undefined
    if (attributes?.['block'] !== undefined) return attributes['block']
  }
  return undefined
}

class Planner {
  readonly #lines: readonly Line[]
  readonly #known: KnownNames
  readonly #planned: PlannedLine[] = []
  #pieces: Piece[] = []
  #line = 0
  #offset = 0
  /** The first line that is touched; undefined while none is. */
  #first: number | undefined

  constructor(lines: readonly Line[], known: KnownNames) {
    this.#lines = lines
    this.#known = known
  }

  take({ insert, delete: deleted, retain, attributes }: Op, block: unknown): void {
    if (insert !== undefined) this.#insert(insert, attributes, block)
    else if (deleted !== undefined) this.#delete(deleted)
    else this.#retain(retain as number, attributes)
  }

  finish(): Plan {
    const first = this.#first ?? this.#line
    // What is left of the line at hand stays as it is.
    if (this.#first !== undefined && (this.#offset > 0 || this.#pieces.length > 0)) {
      if (this.#line < this.#lines.length) this.#retain(this.#rest(), undefined)
      else if (this.#pieces.length > 0) this.#end(undefined, {})
    }
    return { first, last: this.#first === undefined ? first : this.#line, lines: this.#planned }
  }

  #retain(length: number, attributes: Attributes | undefined): void {
    if (attributes) this.#touch()
    const marks = markAttributes(attributes, this.#known)
    const block = blockPart(attributes, this.#known)
    for (let left = length; left > 0;) {
      // Whole lines before the first change need no look inside.
      const size = this.#rest()
      if (left >= size) {
        this.#keep(size - 1, marks)
        this.#end(this.#line, block)
        this.#line += 1
        this.#offset = 0
        left -= size
      } else {
        this.#keep(left, marks)
        this.#offset += left
        left = 0
      }
    }
  }

  #delete(length: number): void {
    this.#touch()
    for (let left = length; left > 0;) {
      const size = this.#rest()
      if (left >= size) {
        this.#line += 1
        this.#offset = 0
        left -= size
      } else {
        this.#offset += left
        left = 0
      }
    }
  }

  #insert(
    insert: string | Record<string, unknown>,
    attributes: Attributes | undefined,
    within: unknown,
  ): void {
    this.#touch()
    const marks = markAttributes(attributes, this.#known)
    const block = blockPart(attributes, this.#known)
    if (typeof insert !== 'string') {
      checkEmbed(insert)
      this.#pieces.push({ insert, marks: {} })
      return
    }
    // In a block of code a line break is a character like any other.
    const surrounding = within ?? this.#lines[this.#line]?.attributes['block']
    const isCode = block['block'] === undefined && surrounding === 'codeBlock'
    const parts = isCode ? [insert] : insert.split('\n')
    for (const [index, text] of parts.entries()) {
      if (index > 0) this.#end(undefined, block)
      if (text !== '') this.#pieces.push({ insert: text, marks })
    }
  }

  #rest(): number {
    const line = this.#lines[this.#line]
    if (!line) throw new CodraftError('CODRAFT_EDIT_INVALID', 'reaches beyond the end')
    return lengthOf(line) - this.#offset
  }

  #touch(): void {
    if (this.#first !== undefined) return
    this.#first = this.#line
    if (this.#offset > 0) this.#pieces = [{ line: this.#line, from: 0, to: this.#offset, marks: {} }]
  }

  #keep(length: number, marks: Attributes): void {
    if (this.#first === undefined || length === 0) return
    this.#pieces.push({ line: this.#line, from: this.#offset, to: this.#offset + length, marks })
  }

  #end(end: number | undefined, attributes: Attributes): void {
    if (this.#first === undefined) return
    const isAtom = end !== undefined && !hasText(this.#lines[end] as Line)
    // A rule takes no text: what was written there is a line of its own before it.
    if (isAtom && this.#pieces.length > 0) this.#end(undefined, {})
    this.#planned.push({
      pieces: this.#pieces,
      end,
      attributes,
      at: Math.min(this.#line, this.#lines.length - 1),
    })
    this.#pieces = []
  }
}

/** Whether a line can hold text. */
export const hasText = ({ attributes, content }: Line): boolean =>
  content.ops.length > 0 || isTextBlockName(attributes['block'] as string)
