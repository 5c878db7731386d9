import {
  ExternalHyperlink,
  ImageRun,
  InternalHyperlink,
  TextRun,
  type IRunOptions,
  type ParagraphChild,
} from 'docx'
import { directionRuns } from './direction.ts'
import type { Direction, ImageData, PrintImage, PrintInline, PrintMeta } from './PrintDocument.ts'
import { RunStyle, StyledRun } from './StyledRun.ts'

type PrintText = Extract<PrintInline, { t: 'text' }>

const eastAsianFonts = {
  sc: 'Microsoft YaHei',
  tc: 'Microsoft JhengHei',
  jp: 'Yu Gothic',
  kr: 'Malgun Gothic',
} as const

/** Fonts that the usual word processors have, for each kind of script. */
export const docxFont = ({ eastAsian }: Pick<PrintMeta, 'eastAsian'>) => ({
  ascii: 'Calibri',
  hAnsi: 'Calibri',
  cs: 'Arial',
  eastAsia: eastAsianFonts[eastAsian],
})

const monospaced = { ascii: 'Consolas', hAnsi: 'Consolas', cs: 'Courier New', eastAsia: 'Consolas' }

/** Pixels of a line's width, A4 with margins of 2.4 cm. */
const lineWidth = 610

export class DocxText {
  readonly #images: readonly ImageData[]
  readonly #missing = new Set<number>()
  readonly #styles = new Map<string, RunStyle>()

  constructor(images: readonly ImageData[]) {
    this.#images = images
  }

  /** Whether an image has a type that DOCX has no place for. */
  get hasMissing(): boolean {
    return this.#missing.size > 0
  }

  line(inlines: readonly PrintInline[], base: IRunOptions = {}): ParagraphChild[] {
    return inlines.flatMap((inline): ParagraphChild[] => {
      switch (inline.t) {
        case 'br':
          return [new TextRun({ break: 1 })]
        case 'image':
          return this.image(inline.image)
        case 'note':
          return [
            new InternalHyperlink({
              anchor: `note-${inline.number}`,
              children: [new TextRun({ text: `[${inline.number}]`, superScript: true, style: 'Hyperlink' })],
            }),
          ]
        case 'text': {
          const runs = this.#runs(inline, base)
          return inline.href === '' ? runs : [new ExternalHyperlink({ link: inline.href, children: runs })]
        }
      }
    })
  }

  /** A run holds letters of one direction only; the line's own direction decides their order. */
  #runs(inline: PrintText, base: IRunOptions): ParagraphChild[] {
    return inline.text
      .split('\n')
      .flatMap((line, index) =>
        directionRuns(line === '' ? ' ' : line).map(
          ({ text, dir }, place) =>
            new StyledRun(this.#styleOf(inline, base, dir), text, index > 0 && place === 0),
        ),
      )
  }

  #styleOf(inline: PrintText, base: IRunOptions, dir: Direction): RunStyle {
    const options = optionsOf(inline, base, dir)
    const name = JSON.stringify(options)
    const known = this.#styles.get(name) ?? new RunStyle(options)
    this.#styles.set(name, known)
    return known
  }

  image({ index, alt, width, height }: PrintImage): ParagraphChild[] {
    const data = this.#images[index]
    const type = data?.type
    if (!data || type === undefined || type === 'webp') {
      if (type === 'webp') this.#missing.add(index)
      return [new TextRun({ text: `[${alt}]`, italics: true, color: '666666' })]
    }
    const scale = Math.min(1, lineWidth / width)
    return [
      new ImageRun({
        type,
        data: data.bytes,
        transformation: {
          width: Math.max(1, Math.round(width * scale)),
          height: Math.max(1, Math.round(height * scale)),
        },
        altText: { name: alt.slice(0, 100), title: alt.slice(0, 100), description: alt.slice(0, 500) },
      }),
    ]
  }
}

const optionsOf = (inline: PrintText, base: IRunOptions, dir: Direction): IRunOptions => {
  const { bold, italic, underline, strike, code, position, highlight, color, href } = inline
  return {
    ...base,
    ...(bold ? { bold, boldComplexScript: true } : {}),
    ...(italic ? { italics: true, italicsComplexScript: true } : {}),
    ...(underline || href !== '' ? { underline: {} } : {}),
    ...(strike ? { strike } : {}),
    ...(code ? { font: monospaced, shading: { fill: 'F2F2F2' } } : {}),
    ...(position === 'sub' ? { subScript: true } : {}),
    ...(position === 'super' ? { superScript: true } : {}),
    ...(highlight === '' ? {} : { shading: { fill: highlight.slice(1) } }),
    ...(color === '' ? (href === '' ? {} : { color: '0B57D0' }) : { color: color.slice(1) }),
    ...(dir === 'rtl' ? { rightToLeft: true } : {}),
  }
}

const codeStyle = new RunStyle({ font: monospaced })

export const codeRuns = (text: string): ParagraphChild[] =>
  text.split('\n').map((line, index) => new StyledRun(codeStyle, line, index > 0))
