import {
  ExternalHyperlink,
  ImageRun,
  InternalHyperlink,
  TextRun,
  type IRunOptions,
  type ParagraphChild,
} from 'docx'
import { directionRuns } from './direction.ts'
import type { ImageData, PrintImage, PrintInline, PrintMeta } from './PrintDocument.ts'

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
          const runs = textRuns(inline, base)
          return inline.href === '' ? runs : [new ExternalHyperlink({ link: inline.href, children: runs })]
        }
      }
    })
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

/** A run holds letters of one direction only; the line's own direction decides their order. */
const textRuns = (inline: Extract<PrintInline, { t: 'text' }>, base: IRunOptions): TextRun[] => {
  const { bold, italic, underline, strike, code, position, highlight, color, href } = inline
  const options: IRunOptions = {
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
  }
  return inline.text.split('\n').flatMap((line, index) =>
    directionRuns(line === '' ? ' ' : line).map(
      ({ text, dir }, place) =>
        new TextRun({
          ...options,
          text,
          ...(dir === 'rtl' ? { rightToLeft: true } : {}),
          ...(index > 0 && place === 0 ? { break: 1 } : {}),
        }),
    ),
  )
}

export const codeRuns = (text: string): TextRun[] =>
  text
    .split('\n')
    .map((line, index) => new TextRun({ text: line, font: monospaced, ...(index > 0 ? { break: 1 } : {}) }))
