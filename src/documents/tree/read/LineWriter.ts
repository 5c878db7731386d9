import type { RawBuilder, RawMark } from '../RawBuilder.ts'
import type { HtmlBlock } from './html-elements.ts'

interface Line {
  /** White space is kept as it is. */
  readonly isPreformatted: boolean
  readonly isListing: boolean
  /** Opened here, because text stood where a block was expected. */
  readonly isImplied: boolean
}

/**
 * Lays out the text of HTML: collapses white space as browsers do, and opens a paragraph where text stands between
 * blocks.
 */
export class LineWriter {
  readonly #builder: RawBuilder
  readonly #keepSpaces: boolean
  #line: Line | undefined
  /** Marks of a space that is written once more text follows in the line. */
  #space: readonly RawMark[] | undefined
  #isAtStart = true
  #isFirstOfListing = false
  /** Alignment of paragraphs that are opened here. */
  #textAlign: string | undefined

  constructor(builder: RawBuilder, keepSpaces: boolean) {
    this.#builder = builder
    this.#keepSpaces = keepSpaces
  }

  get isListing(): boolean {
    return this.#line?.isListing ?? false
  }

  text(text: string, marks: readonly RawMark[]): void {
    if (this.#line?.isPreformatted) {
      // A line break right after <pre> is not part of the text.
      this.#builder.text(this.#isFirstOfListing ? text.replace(/^\n/, '') : text, marks)
      this.#isFirstOfListing = false
      return
    }
    if (!this.#line && /^[ \t\n\f\r]*$/.test(text)) return
    this.#imply()
    for (const part of text.split(this.#keepSpaces ? /(\n)/ : /([ \t\n\f\r]+)/)) {
      if (part === '') continue
      if (/^[ \t\n\f\r]/.test(part) && (!this.#keepSpaces || part === '\n')) {
        if (!this.#isAtStart) this.#space ??= marks
      } else {
        this.#writeSpace()
        this.#builder.text(part, marks)
        this.#isAtStart = false
      }
    }
  }

  leaf(name: string, attrs: Record<string, unknown>, marks: readonly RawMark[]): void {
    this.#imply()
    if (name === 'hardBreak') this.#space = undefined
    else this.#writeSpace()
    this.#builder.leaf(name, attrs, marks)
    this.#isAtStart = name === 'hardBreak'
  }

  /** An inline element with content. */
  open(name: string, attrs: Record<string, unknown>, marks: readonly RawMark[]): void {
    this.#imply()
    this.#writeSpace()
    this.#builder.open(name, attrs, marks)
    this.#isAtStart = false
  }

  close(): void {
    this.#builder.close()
  }

  /** Ends an implied paragraph, then writes a block without text. */
  block(write: () => void): void {
    this.#endImplied()
    write()
  }

  /** Opens a block; the function that is returned closes it. */
  enter(block: HtmlBlock): () => void {
    this.#endImplied()
    const outer = this.#line
    const outerAlign = this.#textAlign
    // A container without a name only separates; inside of a line it does not even do that.
    if (block.name === '') return () => this.#endImplied()
    this.#builder.open(block.name, block.attrs)
    if (block.textAlign !== undefined) this.#textAlign = block.textAlign
    this.#start(
      block.isLine
        ? {
            isPreformatted: block.isListing || block.isPreformatted,
            isListing: block.isListing,
            isImplied: false,
          }
        : undefined,
    )
    return () => {
      this.#endImplied()
      this.#textAlign = outerAlign
      this.#start(outer)
      this.#builder.close()
    }
  }

  /** Sets the language of the listing from a class such as `language-js`. */
  language(className: string): void {
    const [, language] = /(?:^|\s)lang(?:uage)?-(\S+)/.exec(className) ?? []
    const { attrs } = this.#builder.current
    if (language !== undefined && this.isListing) Object.assign(attrs, { language: language.toWellFormed() })
  }

  end(): void {
    this.#endImplied()
  }

  #start(line: Line | undefined): void {
    this.#line = line
    this.#space = undefined
    this.#isAtStart = true
    this.#isFirstOfListing = line?.isListing ?? false
  }

  #imply(): void {
    if (this.#line) return
    this.#builder.open('paragraph', { textAlign: this.#textAlign })
    this.#start({ isPreformatted: false, isListing: false, isImplied: true })
  }

  #endImplied(): void {
    if (!this.#line?.isImplied) return
    this.#builder.close()
    this.#start(undefined)
  }

  #writeSpace(): void {
    if (this.#space) this.#builder.text(' ', this.#space)
    this.#space = undefined
  }
}
