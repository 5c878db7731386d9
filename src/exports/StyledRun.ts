import { TextRun, type IContext, type IRunOptions, type IXmlableObject } from 'docx'

/** How a run looks, as XML that is made once: most runs of a document look like many others. */
export class RunStyle {
  readonly #options: IRunOptions
  #properties: readonly unknown[] | undefined

  constructor(options: IRunOptions) {
    this.#options = options
  }

  /** The `w:rPr` element; empty for a run that looks like the text around it. */
  properties(context: IContext): readonly unknown[] {
    if (this.#properties) return this.#properties
    const children: unknown = new TextRun(this.#options).prepForXml(context)?.['w:r']
    this.#properties = Array.isArray(children) ? children : []
    return this.#properties
  }
}

/** A run of text, as TextRun makes it, without the objects that TextRun needs for each of its properties. */
export class StyledRun extends TextRun {
  readonly #style: RunStyle
  readonly #text: string
  readonly #isAfterBreak: boolean

  constructor(style: RunStyle, text: string, isAfterBreak = false) {
    super({})
    this.#style = style
    this.#text = text
    this.#isAfterBreak = isAfterBreak
  }

  override prepForXml(context: IContext): IXmlableObject {
    const text = { 'w:t': [{ _attr: { 'xml:space': 'preserve' } }, this.#text] }
    const lineBreak = this.#isAfterBreak ? [{ 'w:br': {} }] : []
    return { 'w:r': [...this.#style.properties(context), ...lineBreak, text] }
  }
}
