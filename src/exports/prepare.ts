import { createHash } from 'node:crypto'
import { CodraftError } from '../../extensions/errors.ts'
import {
  inlineText,
  isSafeLink,
  type Block,
  type DocumentTree,
  type Inline,
  type Mark,
} from '../documents/tree/index.ts'
import { hexColor } from './colors.ts'
import { directionOf, eastAsianScript } from './direction.ts'
import { endedComments, unplacedText } from './endnotes.ts'
import type { ExportComment, ExportOptions } from './ExportOptions.ts'
import type {
  Direction,
  ImageData,
  PrintBlock,
  PrintDocument,
  PrintImage,
  PrintInline,
  PrintLine,
  PrintMarks,
  PrintMeta,
  PrintNote,
} from './PrintDocument.ts'
import { placeCells } from './table-grid.ts'

/** Levels of lists, quotes and tables within each other; deeper ones lose their frame and keep their text. */
const maxDepth = 9
/** Blocks and pieces of text of one file. */
const maxNodes = 300_000

export interface PreparedDocument {
  readonly document: PrintDocument
  /** The images that the document refers to by index. */
  readonly images: readonly ImageData[]
  readonly notes: readonly string[]
}

/**
 * Makes a tree ready for the page renderers.
 *
 * @param images what could be had of the addresses in the tree
 * @throws {CodraftError} CODRAFT_EXPORT_TOO_LARGE
 */
export const prepare = (
  tree: DocumentTree,
  options: ExportOptions,
  images: ReadonlyMap<string, ImageData>,
): PreparedDocument => new Preparation(tree, options, images).run()

class Preparation {
  readonly #tree: DocumentTree
  readonly #options: ExportOptions
  readonly #sources: ReadonlyMap<string, ImageData>
  readonly #images: ImageData[] = []
  readonly #indexes = new Map<string, number>()
  readonly #notes: PrintNote[] = []
  /** Ids of the comments that the text refers to. */
  readonly #placed = new Set<string>()
  readonly #messages = new Set<string>()
  readonly #text: string
  readonly #dir: Direction
  #nodes = 0
  #level = 0

  constructor(tree: DocumentTree, options: ExportOptions, images: ReadonlyMap<string, ImageData>) {
    this.#tree = tree
    this.#options = options
    this.#sources = images
    this.#text = firstText(tree.content)
    this.#dir = /^(?:ar|he|fa|ur|yi)\b/i.test(options.language ?? '') ? 'rtl' : 'ltr'
  }

  run(): PreparedDocument {
    const blocks = this.#blocks(this.#tree.content, 0)
    this.#addUnplacedComments()
    const document = { meta: this.#meta(), blocks, notes: this.#notes }
    return { document, images: this.#images, notes: [...this.#messages] }
  }

  #meta(): PrintMeta {
    const { title, author = '', date, header = '', pageSize = 'a4' } = this.#options
    const { tableOfContents = false, pageNumbers = true, language = 'en' } = this.#options
    const [, code = 'en', region = ''] =
      /^([a-z]{2,3})\b(?:-[a-z]{4})?(?:-([a-z]{2})\b)?/i.exec(language) ?? []
    const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)/.exec(date ?? '') ?? []
    return {
      title: clean(title ?? (titleOf(this.#tree.content) || 'Untitled')),
      author: clean(author),
      language: code.toLowerCase(),
      region: region.toUpperCase(),
      dir: this.#dir,
      date: year === undefined ? [] : [Number(year), Number(month), Number(day)],
      pageSize,
      tableOfContents,
      header: clean(header),
      pageNumbers,
      eastAsian: eastAsianScript(language, this.#text),
    }
  }

  #count(): void {
    if (++this.#nodes > maxNodes)
      throw new CodraftError('CODRAFT_EXPORT_TOO_LARGE', `more than ${maxNodes} nodes`)
  }

  #blocks(blocks: readonly Block[], depth: number): PrintBlock[] {
    return blocks.flatMap((block) => this.#block(block, depth))
  }

  #block(block: Block, depth: number): PrintBlock[] {
    this.#count()
    const isDeep = depth >= maxDepth
    switch (block.type) {
      case 'paragraph':
      case 'customText':
        return [this.#line(block.attrs, block.content)]
      case 'heading': {
        const { inlines, ...line } = this.#line(block.attrs, block.content)
        // Within a list or table it would be out of the outline's order.
        if (depth > 0 || inlines.length === 0) return [{ ...line, inlines: inlines.map(embolden) }]
        this.#level = Math.min(block.attrs.level, this.#level + 1)
        return [{ ...line, t: 'heading', inlines, level: this.#level, size: block.attrs.level }]
      }
      case 'codeBlock':
        return [{ t: 'code', text: clean(inlineText(block.content)), language: block.attrs.language ?? '' }]
      case 'blockquote':
        return isDeep
          ? this.#blocks(block.content, depth)
          : [{ t: 'quote', blocks: this.#blocks(block.content, depth + 1) }]
      case 'customBlock': {
        const text =
          block.content.length === 0
            ? inlineText([{ ...block, type: 'customInline', content: [], marks: [] }])
            : ''
        return text === ''
          ? this.#blocks(block.content, depth)
          : [this.#line({}, [{ type: 'text', text, marks: [] }])]
      }
      case 'bulletList':
      case 'orderedList':
      case 'taskList': {
        if (isDeep) return block.content.flatMap((item) => this.#blocks(item.content, depth))
        const items = block.content.map((item) => ({
          checked: item.type === 'taskItem' && item.attrs.checked,
          blocks: this.#blocks(item.content, depth + 1),
        }))
        const kind = block.type === 'bulletList' ? 'bullet' : block.type === 'taskList' ? 'task' : 'ordered'
        return [{ t: 'list', kind, start: block.type === 'orderedList' ? block.attrs.start : 1, items }]
      }
      case 'table': {
        // Of a table in a table, only the text is kept: page renderers need their width in advance.
        if (depth >= 3)
          return block.content.flatMap((row) =>
            row.content.flatMap((cell) => this.#blocks(cell.content, depth)),
          )
        return [this.#table(block, depth)]
      }
      case 'horizontalRule':
        return [{ t: 'rule' }]
      case 'pageBreak':
        return [depth === 0 ? { t: 'break' } : { t: 'rule' }]
      case 'image':
        return [{ t: 'image', image: this.#image(block.attrs) }]
    }
  }

  #table(table: Extract<Block, { type: 'table' }>, depth: number): PrintBlock {
    const { cells, columns, rows } = placeCells(table)
    const isHeaderRow = (y: number): boolean =>
      cells.some((cell) => cell.y === y) &&
      cells.every(
        (placed) => placed.y > y || placed.y + placed.rowspan <= y || placed.cell.type === 'tableHeader',
      )
    let headerRows = 0
    while (headerRows < rows && isHeaderRow(headerRows)) headerRows++
    // A header cell that reaches into the body would be torn apart.
    if (headerRows === rows || cells.some(({ y, rowspan }) => y < headerRows && y + rowspan > headerRows))
      headerRows = 0
    return {
      t: 'table',
      columns,
      rows,
      headerRows,
      dir: directionOf(
        inlineText(cells.flatMap(({ cell }) => cell.content.flatMap(lineOf)).slice(0, 50)),
        this.#dir,
      ),
      cells: cells.map(({ cell, x, y, colspan, rowspan }) => ({
        x,
        y,
        colspan,
        rowspan,
        isHeader: cell.type === 'tableHeader',
        blocks: this.#blocks(cell.content, depth + 1),
      })),
    }
  }

  #line(
    attrs: { readonly textAlign?: unknown; readonly dir?: unknown },
    content: readonly Inline[],
  ): PrintLine {
    const { textAlign, dir } = attrs
    const isSet = dir === 'rtl' || dir === 'ltr'
    return {
      t: 'line',
      dir: isSet ? dir : directionOf(inlineText(content), this.#dir),
      align: typeof textAlign === 'string' ? (textAlign as PrintLine['align']) : '',
      inlines: this.#inlines(content),
    }
  }

  #inlines(content: readonly Inline[]): PrintInline[] {
    const inlines: PrintInline[] = []
    for (const [index, inline] of content.entries()) {
      this.#count()
      inlines.push(...this.#inline(inline))
      inlines.push(...this.#endedComments(inline, content[index + 1]))
    }
    return inlines
  }

  #inline(inline: Inline): PrintInline[] {
    if (inline.type === 'hardBreak') return [{ t: 'br' }]
    if (inline.type === 'image') return [{ t: 'image', image: this.#image(inline.attrs) }]
    if (inline.type === 'customInline' && inline.content.length > 0) return this.#inlines(inline.content)
    const text = clean(inlineText([inline]))
    if (text === '') return []
    const marks = printMarks(inline.marks)
    return [{ t: 'text', text, ...marks, ...(inline.type === 'mention' ? { bold: true } : {}) }]
  }

  /** A comment's number stands where its text ends. */
  #endedComments(inline: Inline, next: Inline | undefined): PrintInline[] {
    const comments = this.#options.comments ?? []
    return endedComments(inline, next).flatMap((id) => {
      this.#placed.add(id)
      return comments
        .filter((comment) => comment.id === id)
        .map((comment): PrintInline => ({ t: 'note', number: this.#addNote(comment, comment.text) }))
    })
  }

  #addUnplacedComments(): void {
    for (const comment of this.#options.comments ?? [])
      if (!this.#placed.has(comment.id)) this.#addNote(comment, unplacedText(comment))
  }

  #addNote({ author, date = '' }: ExportComment, text: string): number {
    this.#count()
    return this.#notes.push({
      number: this.#notes.length + 1,
      author: clean(author),
      text: clean(text),
      date: clean(date),
      dir: directionOf(text, this.#dir),
    })
  }

  #image({
    src,
    alt,
    width,
    height,
  }: {
    src: string
    alt?: string
    width?: number
    height?: number
  }): PrintImage {
    const data = this.#sources.get(src)
    if (!data) {
      this.#messages.add(
        `An image could not be included: ${src === '' || src.startsWith('data:') ? 'its data is not an image that can be shown' : hostOf(src)}.`,
      )
      return { index: -1, alt: clean(alt ?? '') || 'Image', width: 0, height: 0 }
    }
    const key = createHash('sha256').update(data.bytes).digest('base64')
    let index = this.#indexes.get(key)
    if (index === undefined) {
      index = this.#images.push(data) - 1
      this.#indexes.set(key, index)
    }
    const scale = width === undefined ? (height === undefined ? 1 : height / data.height) : width / data.width
    return { index, alt: clean(alt ?? '') || 'Image', width: data.width * scale, height: data.height * scale }
  }
}

// oxlint-disable-next-line no-control-regex -- these are what is removed
const controls = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F\uFFFE\uFFFF]/g

/** Control characters are no text, and XML has no place for them. */
const clean = (text: string): string =>
  text.toWellFormed().replaceAll(controls, '').replaceAll(/\r\n?/g, '\n')

const hostOf = (src: string): string =>
  URL.canParse(src) ? new URL(src).host : 'its address is not complete'

const embolden = (inline: PrintInline): PrintInline =>
  inline.t === 'text' ? { ...inline, bold: true } : inline

const printMarks = (marks: readonly Mark[]): PrintMarks => {
  const attrsOf = (type: Mark['type']) => marks.find((mark) => mark.type === type)?.attrs
  const has = (type: Mark['type']): boolean => attrsOf(type) !== undefined
  const style = attrsOf('textStyle') ?? {}
  const highlight = attrsOf('highlight')
  const href = attrsOf('link')?.['href']
  return {
    bold: has('bold'),
    italic: has('italic'),
    underline: has('underline'),
    strike: has('strike'),
    code: has('code'),
    position: has('subscript') ? 'sub' : has('superscript') ? 'super' : '',
    highlight: highlight ? hexColor(highlight['color']) || '#fff3a3' : hexColor(style['backgroundColor']),
    color: hexColor(style['color']),
    href: typeof href === 'string' && isSafeLink(href) && isAbsolute.test(href) ? href.trim() : '',
  }
}

/** In a file, an address without a site leads nowhere. */
const isAbsolute = /^\s*(?:https?:\/\/|mailto:|tel:)\S{1,2000}\s*$/i

const lineOf = (block: Block): readonly Inline[] => (block.type === 'paragraph' ? block.content : [])

const titleOf = (blocks: readonly Block[]): string => {
  const heading = blocks.find(({ type }) => type === 'heading')
  return heading?.type === 'heading' ? inlineText(heading.content).trim().slice(0, 200) : ''
}

/** Enough of the text to tell its script. */
const firstText = (blocks: readonly Block[]): string => {
  let text = ''
  for (const block of blocks) {
    if (text.length > 20_000) break
    if (block.type === 'paragraph' || block.type === 'heading') text += inlineText(block.content)
  }
  return text
}
