import { diffArrays } from 'diff'
import { stable } from '../normalise.ts'

export type Format = Readonly<Record<string, unknown>>

/** A piece of a text: characters, or one embedded value, with the attributes that hold there. */
export interface Run {
  readonly insert: string | object
  readonly format: Format
}

/** An operation of the Delta format that Y.Text applies. */
export type DeltaOp =
  | { readonly retain: number; readonly attributes?: Record<string, unknown> }
  | { readonly insert: string | object; readonly attributes: Record<string, unknown> }
  | { readonly delete: number }

/** One attribute, without the part of its key that only keeps two of one name apart. */
export interface FormatEntry {
  readonly key: string
  readonly name: string
  readonly value: string
}

/** How the attributes of a kind of text are compared. */
export type FormatEntries = (format: Format) => readonly FormatEntry[]

/**
 * The smallest sensible change from one text to another: words that stay are retained, and attributes change only where
 * they differ. Surrogate pairs are never split.
 */
export const textDelta = (from: readonly Run[], to: readonly Run[], entries: FormatEntries): DeltaOp[] => {
  const delta = new DeltaWriter(from, to, entries)
  for (const { kept, removed, added } of diffTokens(tokensOf(from), tokensOf(to))) {
    if (kept > 0) delta.keep(kept)
    else delta.replace(removed, added)
  }
  return delta.ops
}

/** What fills the place of an embedded value; beside it stands what the value is. */
const embedMark = '\uFFFC'

const tokensOf = (runs: readonly Run[]): string[] => {
  const tokens: string[] = []
  let text = ''
  const flush = (): void => {
    tokens.push(...(text.match(/[\p{L}\p{N}\p{M}_]+|\n|[^\S\n]+|[^]/gu) ?? []))
    text = ''
  }
  for (const { insert } of runs) {
    if (typeof insert === 'string') text += insert
    else {
      flush()
      tokens.push(embedMark + stable(insert))
    }
  }
  flush()
  return tokens
}

interface Change {
  /** Length of what stays, in units of Y.Text. */
  readonly kept: number
  readonly removed: string
  readonly added: string
}

/** Edits past this number make a text a different one; it is then replaced as a whole. */
const maxEdits = 2000

const diffTokens = (from: readonly string[], to: readonly string[]): Change[] => {
  let start = 0
  while (start < from.length && start < to.length && from[start] === to[start]) start++
  let end = 0
  while (end < from.length - start && end < to.length - start && from.at(-1 - end) === to.at(-1 - end)) end++
  const before = from.slice(start, from.length - end)
  const after = to.slice(start, to.length - end)
  const changes: Change[] = [{ kept: lengthOf(from.slice(0, start)), removed: '', added: '' }]
  const parts = diffArrays(before, after, { maxEditLength: maxEdits })
  let [removed, added] = ['', '']
  const flush = (): void => {
    if (removed !== '' || added !== '') changes.push({ kept: 0, removed, added })
    removed = added = ''
  }
  if (parts) {
    for (const { value, added: isAdded, removed: isRemoved } of parts) {
      if (isRemoved) removed += placeholders(value)
      else if (isAdded) added += placeholders(value)
      else {
        flush()
        changes.push({ kept: lengthOf(value), removed: '', added: '' })
      }
    }
    flush()
  } else changes.push({ kept: 0, removed: placeholders(before), added: placeholders(after) })
  if (end > 0) changes.push({ kept: lengthOf(from.slice(from.length - end)), removed: '', added: '' })
  return changes
}

const placeholders = (tokens: readonly string[]): string =>
  tokens.map((token) => (token.length > 1 && token.startsWith(embedMark) ? embedMark : token)).join('')
const lengthOf = (tokens: readonly string[]): number => placeholders(tokens).length

/** Walks along both texts and writes what leads from one to the other. */
class DeltaWriter {
  readonly ops: DeltaOp[] = []
  readonly #from: RunCursor
  readonly #to: RunCursor
  readonly #entries: FormatEntries
  /** A retained end of the text need not be said. */
  #pendingRetain = 0

  constructor(from: readonly Run[], to: readonly Run[], entries: FormatEntries) {
    this.#from = new RunCursor(from)
    this.#to = new RunCursor(to)
    this.#entries = entries
  }

  keep(length: number): void {
    for (let left = length; left > 0;) {
      const step = Math.min(left, this.#from.left, this.#to.left)
      const changes = this.#changes(this.#from.run.format, this.#to.run.format)
      if (Object.keys(changes).length === 0) this.#pendingRetain += step
      else this.#write({ retain: step, attributes: changes })
      this.#from.skip(step)
      this.#to.skip(step)
      left -= step
    }
  }

  /** Within changed words, characters at both ends may still be the same. */
  replace(removed: string, added: string): void {
    const start = commonStart(removed, added)
    const end = commonEnd(removed.slice(start), added.slice(start))
    this.keep(start)
    const remove = removed.length - start - end
    if (remove > 0) {
      this.#write({ delete: remove })
      this.#from.skip(remove)
    }
    for (let left = added.length - start - end; left > 0;) {
      const step = Math.min(left, this.#to.left)
      const { format } = this.#to.run
      this.#write({ insert: this.#to.take(step), attributes: { ...format } })
      left -= step
    }
    this.keep(end)
  }

  #write(op: DeltaOp): void {
    if (this.#pendingRetain > 0) this.ops.push({ retain: this.#pendingRetain })
    this.#pendingRetain = 0
    this.ops.push(op)
  }

  #changes(from: Format, to: Format): Record<string, unknown> {
    const changes: Record<string, unknown> = {}
    if (from === to) return changes
    const old = this.#entries(from)
    const next = this.#entries(to)
    const isIn = (list: readonly FormatEntry[], entry: FormatEntry): boolean =>
      list.some(({ name, value }) => name === entry.name && value === entry.value)
    for (const entry of old) if (!isIn(next, entry)) changes[entry.key] = null
    for (const entry of next) if (!isIn(old, entry)) changes[entry.key] = to[entry.key]
    return changes
  }
}

class RunCursor {
  readonly #runs: readonly Run[]
  #index = 0
  #offset = 0

  constructor(runs: readonly Run[]) {
    this.#runs = runs
  }

  get run(): Run {
    return this.#runs[this.#index] as Run
  }

  get left(): number {
    const { insert } = this.run
    return (typeof insert === 'string' ? insert.length : 1) - this.#offset
  }

  take(length: number): string | object {
    const { insert } = this.run
    const taken = typeof insert === 'string' ? insert.slice(this.#offset, this.#offset + length) : insert
    this.skip(length)
    return taken
  }

  skip(length: number): void {
    for (let left = length; left > 0;) {
      const step = Math.min(left, this.left)
      left -= step
      this.#offset += step
      if (this.left === 0) {
        this.#index++
        this.#offset = 0
      }
    }
  }
}

const isHigh = (text: string, index: number): boolean => /[\uD800-\uDBFF]/.test(text[index] ?? '')
const isLow = (text: string, index: number): boolean => /[\uDC00-\uDFFF]/.test(text[index] ?? '')

/** Embeds of different values look the same here, so they end what is common. */
const commonStart = (a: string, b: string): number => {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length] && a[length] !== embedMark)
    length++
  return length > 0 && isHigh(a, length - 1) ? length - 1 : length
}

const commonEnd = (a: string, b: string): number => {
  let length = 0
  while (
    length < a.length &&
    length < b.length &&
    a.at(-1 - length) === b.at(-1 - length) &&
    a.at(-1 - length) !== embedMark
  )
    length++
  return length > 0 && isLow(a, a.length - length) ? length - 1 : length
}
