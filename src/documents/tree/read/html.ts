import { Parser } from 'htmlparser2'
import { importLimits, tooLarge, type TreeLimits } from '../limits.ts'
import { normalise } from '../normalise.ts'
import { RawBuilder, type RawElement, type RawMark } from '../RawBuilder.ts'
import type { DocumentTree } from '../tree.ts'
import { blockOf, leafOf, markOf, skipped, type HtmlAttributes } from './html-elements.ts'
import { LineWriter } from './LineWriter.ts'

/**
 * Reads HTML: what the tree has a type for, and the text of everything else. Scripts, styles, form controls
 * and addresses that are not safe are left out.
 *
 * @throws {CodraftError} CODRAFT_CONTENT_TOO_LARGE
 */
export const readHtml = (source: string, limits?: Partial<TreeLimits>): DocumentTree =>
  normalise(buildHtml(source, importLimits(limits)))

interface HtmlOptions {
  /** Keep runs of spaces, as Markdown does. @default false */
  readonly keepSpaces?: boolean
}

export const buildHtml = (source: string, limits: TreeLimits, options: HtmlOptions = {}): RawElement => {
  const builder = new RawBuilder(limits)
  const reader = new HtmlReader(builder, options)
  const parser = new Parser(
    {
      onopentag: (name, attributes) => reader.open(name, attributes),
      ontext: (text) => reader.text(text),
      onclosetag: () => reader.close(),
    },
    { decodeEntities: true, lowerCaseTags: true },
  )
  // In pieces, so that a source past its limits is given up early.
  for (let at = 0; at < source.length; at += chunk) parser.write(source.slice(at, at + chunk))
  parser.end()
  reader.end()
  return builder.root
}

const chunk = 64 * 1024
/** Open elements of any kind; the time for each grows with their number. */
const maxOpen = 1000

class HtmlReader {
  readonly #builder: RawBuilder
  readonly #line: LineWriter
  /** What the end of each open element does. */
  readonly #ends: (() => void)[] = []
  readonly #marks: RawMark[] = []
  /** Open elements whose text is left out. */
  #skipping = 0

  constructor(builder: RawBuilder, { keepSpaces = false }: HtmlOptions) {
    this.#builder = builder
    this.#line = new LineWriter(builder, keepSpaces)
  }

  open(name: string, attributes: HtmlAttributes): void {
    if (this.#ends.length >= maxOpen) throw tooLarge(`more than ${maxOpen} open elements`)
    if (skipped.has(name)) {
      this.#skipping++
      this.#ends.push(() => this.#skipping--)
    } else if (this.#skipping > 0) this.#ends.push(() => undefined)
    else this.#ends.push(this.#enter(name, attributes))
  }

  text(text: string): void {
    if (this.#skipping === 0) this.#line.text(text, [...this.#marks])
  }

  close(): void {
    this.#ends.pop()?.()
  }

  end(): void {
    while (this.#ends.length > 0) this.close()
    this.#line.end()
  }

  #enter(name: string, attributes: HtmlAttributes): () => void {
    if (name === 'code' && this.#line.isListing) {
      this.#line.language(attributes['class'] ?? '')
      return () => undefined
    }
    const mark = markOf(name, attributes)
    if (mark) {
      this.#marks.push(mark)
      return () => this.#marks.splice(this.#marks.lastIndexOf(mark), 1)
    }
    const leaf = leafOf(name, attributes)
    if (leaf) {
      if (leaf.isInline) this.#line.leaf(leaf.name, leaf.attrs, [...this.#marks])
      else this.#line.block(() => this.#builder.leaf(leaf.name, leaf.attrs))
      if (!leaf.hidesContent) return () => undefined
      this.#skipping++
      return () => this.#skipping--
    }
    const block = blockOf(name, attributes)
    if (!block) return () => undefined
    if (block.isInline) {
      this.#line.open(block.name, block.attrs, [...this.#marks])
      return () => this.#line.close()
    }
    return this.#line.enter(block)
  }
}
