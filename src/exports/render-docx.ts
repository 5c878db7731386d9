import {
  AlignmentType,
  Bookmark,
  BorderStyle,
  Document,
  Footer,
  Header,
  HeadingLevel,
  LevelFormat,
  LineRuleType,
  Packer,
  PageBreak,
  PageNumber,
  Paragraph,
  ShadingType,
  Table,
  TableCell,
  TableOfContents,
  TableRow,
  TextRun,
  WidthType,
  type FileChild,
  type IParagraphOptions,
} from 'docx'
import { codeRuns, docxFont, DocxText } from './docx-text.ts'
import type {
  ImageData,
  PrintBlock,
  PrintDocument,
  PrintLine,
  PrintList,
  PrintMeta,
  PrintNote,
  PrintTable,
} from './PrintDocument.ts'
import type { RenderedFile } from './render-pdf.ts'

/** Makes a Word document (Office Open XML). */
export const renderDocx = async (
  document: PrintDocument,
  images: readonly ImageData[],
): Promise<RenderedFile> => {
  const renderer = new DocxRenderer(images)
  const file = renderer.document(document)
  const bytes = await Packer.toBuffer(file)
  return { bytes, notes: renderer.notes }
}

/** What surrounds a block. */
interface Place {
  /** Levels of lists and quotes, in steps of the margin. */
  readonly indent: number
  readonly list?: { readonly reference: string; readonly level: number; readonly instance: number }
  readonly isQuoted?: boolean
  readonly isHeader?: boolean
  /** Sign before the first line, of a task. */
  readonly sign?: string
}

/** Twentieths of a point for each level. */
const step = 360
const maxLevel = 8

const bullets = ['•', '◦', '▪']

class DocxRenderer {
  readonly #text: DocxText
  /** The first numbers of ordered lists; each list has a numbering of its own. */
  readonly #starts: number[] = []
  #instance = 0

  constructor(images: readonly ImageData[]) {
    this.#text = new DocxText(images)
  }

  get notes(): string[] {
    return this.#text.hasMissing ? ['Images in the WebP format could not be included.'] : []
  }

  document({ meta, blocks, notes }: PrintDocument): Document {
    const children = [...this.#blocks(blocks, { indent: 0 }), ...this.#endnotes(notes)]
    const contents = meta.tableOfContents
      ? [new TableOfContents('', { hyperlink: true, headingStyleRange: '1-3' })]
      : []
    const font = docxFont(meta)
    return new Document({
      title: meta.title,
      ...(meta.author === '' ? {} : { creator: meta.author }),
      features: { updateFields: meta.tableOfContents },
      styles: {
        default: {
          document: {
            run: { font, size: 21, language: languageOf(meta) },
            paragraph: { spacing: { after: 160, line: 276, lineRule: LineRuleType.AUTO } },
          },
        },
      },
      numbering: {
        config: [
          {
            reference: 'bullets',
            levels: levels((level) => ({ format: LevelFormat.BULLET, text: bullets[level % 3] ?? '•' })),
          },
          ...this.#starts.map((start, index) => ({
            reference: `numbers-${index}`,
            levels: levels((level) => ({ format: LevelFormat.DECIMAL, text: `%${level + 1}.`, start })),
          })),
        ],
      },
      sections: [
        {
          properties: { page: { size: meta.pageSize === 'letter' ? letter : a4, margin } },
          ...(meta.header === ''
            ? {}
            : { headers: { default: new Header({ children: [small([meta.header])] }) } }),
          ...(meta.pageNumbers
            ? {
                footers: {
                  default: new Footer({
                    children: [small([PageNumber.CURRENT, ' / ', PageNumber.TOTAL_PAGES], true)],
                  }),
                },
              }
            : {}),
          children: [...contents, ...(children.length > 0 ? children : [new Paragraph('')])],
        },
      ],
    })
  }

  #blocks(blocks: readonly PrintBlock[], place: Place): FileChild[] {
    return blocks.flatMap((block, index) => this.#block(block, index === 0 ? place : continued(place)))
  }

  #block(block: PrintBlock, place: Place): FileChild[] {
    switch (block.t) {
      case 'line':
        return [this.#line(block, place)]
      case 'heading': {
        const heading = headings[block.level - 1] ?? HeadingLevel.HEADING_6
        return [
          new Paragraph({ ...lineOptions(block, place), heading, children: this.#text.line(block.inlines) }),
        ]
      }
      case 'code':
        return [
          new Paragraph({
            ...indentOf(place),
            shading: { type: ShadingType.CLEAR, fill: 'F5F5F5' },
            spacing: { line: 240, lineRule: LineRuleType.AUTO, after: 160 },
            children: codeRuns(block.text),
          }),
        ]
      case 'quote':
        return this.#blocks(block.blocks, { indent: place.indent + 1, isQuoted: true })
      case 'list':
        return this.#list(block, place)
      case 'table':
        return [this.#table(block), new Paragraph({ spacing: { after: 0 } })]
      case 'rule':
        return [
          new Paragraph({
            border: { bottom: { style: BorderStyle.SINGLE, size: 6, color: '999999', space: 1 } },
          }),
        ]
      case 'break':
        return [new Paragraph({ children: [new PageBreak()] })]
      case 'image':
        return [new Paragraph({ ...indentOf(place), children: this.#text.image(block.image) })]
    }
  }

  #line(line: PrintLine, place: Place): Paragraph {
    const base = { ...(place.isHeader ? { bold: true } : {}), ...(place.isQuoted ? { color: '555555' } : {}) }
    const sign =
      place.sign === undefined ? [] : [new TextRun({ text: `${place.sign} `, font: 'Segoe UI Symbol' })]
    return new Paragraph({
      ...lineOptions(line, place),
      children: [...sign, ...this.#text.line(line.inlines, base)],
    })
  }

  #list({ kind, start, items }: PrintList, place: Place): FileChild[] {
    const level = Math.min(maxLevel, place.indent)
    const indent = place.indent + 1
    const instance = ++this.#instance
    const reference = kind === 'ordered' ? `numbers-${this.#starts.push(start) - 1}` : 'bullets'
    return items.flatMap(({ checked, blocks }) =>
      this.#blocks(
        blocks,
        kind === 'task'
          ? { indent, sign: checked ? '☑' : '☐' }
          : { indent, list: { reference, level, instance } },
      ),
    )
  }

  #table({ columns, rows, headerRows, dir, cells }: PrintTable): Table {
    const byRow = Map.groupBy(cells, ({ y }) => y)
    return new Table({
      width: { size: 100, type: WidthType.PERCENTAGE },
      columnWidths: Array.from({ length: columns }, () => Math.floor(9000 / columns)),
      visuallyRightToLeft: dir === 'rtl',
      rows: Array.from({ length: rows }, (_, y) => {
        const placed = byRow.get(y) ?? []
        const children = placed.map(
          ({ colspan, rowspan, isHeader, blocks }) =>
            new TableCell({
              columnSpan: colspan,
              rowSpan: rowspan,
              ...(isHeader ? { shading: { type: ShadingType.CLEAR, fill: 'EFEFEF' } } : {}),
              children: ended(this.#blocks(blocks, { indent: 0, isHeader })),
            }),
        )
        // A row that lies wholly under cells of the rows above still needs one to be valid.
        const isCovered = cells.some((cell) => cell.y < y && cell.y + cell.rowspan > y)
        const filler =
          children.length === 0 && !isCovered ? [new TableCell({ children: [new Paragraph('')] })] : []
        return new TableRow({ tableHeader: y < headerRows, children: [...children, ...filler] })
      }),
    })
  }

  #endnotes(notes: readonly PrintNote[]): FileChild[] {
    if (notes.length === 0) return []
    const rule = new Paragraph({
      border: { bottom: { style: BorderStyle.SINGLE, size: 6, color: '999999', space: 1 } },
    })
    return [
      rule,
      ...notes.map(({ number, author, date, text, dir }) => {
        const by = [author, date.slice(0, 10)].filter(Boolean).join(', ')
        return new Paragraph({
          bidirectional: dir === 'rtl',
          children: [
            new Bookmark({ id: `note-${number}`, children: [new TextRun(`[${number}] `)] }),
            ...(by === '' ? [] : [new TextRun({ text: `${by}: `, bold: true })]),
            new TextRun({ text, rightToLeft: dir === 'rtl' }),
          ],
        })
      }),
    ]
  }
}

const headings = [
  HeadingLevel.HEADING_1,
  HeadingLevel.HEADING_2,
  HeadingLevel.HEADING_3,
  HeadingLevel.HEADING_4,
  HeadingLevel.HEADING_5,
  HeadingLevel.HEADING_6,
]

/** Further blocks of an item have its indent, and no number or sign of their own. */
const continued = ({ indent, isQuoted = false, isHeader = false }: Place): Place => ({
  indent,
  isQuoted,
  isHeader,
})

const lineOptions = ({ dir, align }: Pick<PrintLine, 'dir' | 'align'>, place: Place): IParagraphOptions => {
  return {
    ...(dir === 'rtl' ? { bidirectional: true } : {}),
    ...(align === '' ? {} : { alignment: alignments[align] }),
    ...(place.list ? { numbering: place.list, spacing: { after: 60 } } : indentOf(place)),
    ...(place.isQuoted
      ? { border: { left: { style: BorderStyle.SINGLE, size: 12, color: 'BBBBBB', space: 8 } } }
      : {}),
  }
}

const alignments = {
  left: AlignmentType.LEFT,
  center: AlignmentType.CENTER,
  right: AlignmentType.RIGHT,
  justify: AlignmentType.BOTH,
} as const

const indentOf = ({ indent }: Place): IParagraphOptions =>
  indent > 0 ? { indent: { start: indent * step } } : {}

const levels = (
  make: (level: number) => {
    format: (typeof LevelFormat)[keyof typeof LevelFormat]
    text: string
    start?: number
  },
) =>
  Array.from({ length: maxLevel + 1 }, (_, level) => ({
    level,
    alignment: AlignmentType.START,
    style: { paragraph: { indent: { start: (level + 1) * step, hanging: step * 0.7 } } },
    ...make(level),
  }))

/** A cell must end with a paragraph. */
const ended = (children: FileChild[]): (Paragraph | Table)[] => {
  const blocks = children as (Paragraph | Table)[]
  return blocks.at(-1) instanceof Paragraph ? blocks : [...blocks, new Paragraph('')]
}

const small = (children: readonly string[], isCentred = false): Paragraph =>
  new Paragraph({
    ...(isCentred ? { alignment: AlignmentType.CENTER } : {}),
    children: [new TextRun({ children: [...children], size: 17, color: '666666' })],
  })

const languageOf = ({ language, region, dir }: PrintMeta) => {
  const value = region === '' ? language : `${language}-${region}`
  return dir === 'rtl' ? { value: 'en-US', bidirectional: value } : { value }
}

/** Twentieths of a point. */
const a4 = { width: 11_906, height: 16_838 }
const letter = { width: 12_240, height: 15_840 }
const margin = { top: 1360, bottom: 1360, left: 1360, right: 1360 }
