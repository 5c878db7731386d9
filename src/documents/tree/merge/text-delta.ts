import { stable } from '../normalise.ts'
import { matchKeys } from './matches.ts'

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
    else if (removed !== '' || added !== '') delta.replace(removed, added)
  }
  return delta.ops
}

/** What fills the place of an embedded value; beside it stands what the value is. */
const embedMark = '\uFFFC'

const tokensOf = (runs: readonly Run[]): string[] => {
  const tokens: string[] = []
  let text = ''
  const flush = (): void => {
    for (const [token] of text.matchAll(/[\p{L}\p{N}\p{M}_]+|\n|[^\S\n]+|[^]/gu)) tokens.push(token)
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

/** First by lines, so that long texts are quick, then by words within the lines that differ. */
const diffTokens = (from: readonly string[], to: readonly string[]): Change[] => {
  const [fromLines, toLines] = [linesOf(from), linesOf(to)]
  const changes: Change[] = []
  const matches = matchKeys(fromLines.map(joined), toLines.map(joined))
  let [fromIndex, toIndex] = [0, 0]
  for (const [fromMatch, toMatch] of [...matches, [fromLines.length, toLines.length] as const]) {
    changes.push(
      ...diffWords(fromLines.slice(fromIndex, fromMatch).flat(), toLines.slice(toIndex, toMatch).flat()),
    )
    changes.push({ kept: lengthOf(fromLines[fromMatch] ?? []), removed: '', added: '' })
    fromIndex = fromMatch + 1
    toIndex = toMatch + 1
  }
  return changes
}

const joined = (tokens: readonly string[]): string => tokens.join('')

const linesOf = (tokens: readonly string[]): string[][] => {
  const lines: string[][] = [[]]
  for (const token of tokens) {
    lines.at(-1)?.push(token)
    if (token === '\n') lines.push([])
  }
  return lines
}

const diffWords = (from: readonly string[], to: readonly string[]): Change[] => {
  const changes: Change[] = []
  let [fromIndex, toIndex] = [0, 0]
  for (const [fromMatch, toMatch] of [...matchKeys(from, to), [from.length, to.length] as const]) {
    const removed = placeholders(from.slice(fromIndex, fromMatch))
    const added = placeholders(to.slice(toIndex, toMatch))
    if (removed !== '' || added !== '') changes.push({ kept: 0, removed, added })
    changes.push({ kept: lengthOf(from.slice(fromMatch, fromMatch + 1)), removed: '', added: '' })
    fromIndex = fromMatch + 1
    toIndex = toMatch + 1
  }
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
