import type { TreeLimits } from '../limits.ts'
import { RawBuilder, type RawElement, type RawMark } from '../RawBuilder.ts'
import { piecesOf, type YjsType } from './yjs.ts'

type Format = Readonly<Record<string, unknown>>
/** An insert of Quill's Delta: text without line breaks, or an embed. */
interface QuillInsert {
  readonly insert: unknown
  readonly format: Format
}
interface QuillLine {
  readonly inserts: readonly QuillInsert[]
  /** Attributes of the line break that ends the line: Quill keeps a block's format there. */
  readonly format: Format
}

/** Reads what y-quill stores: one text whose line breaks carry the format of their line. */
export const readQuill = (root: YjsType, limits: TreeLimits): RawElement => {
  const builder = new RawBuilder(limits)
  const blocks = new QuillBlocks(builder)
  for (const line of linesOf(root)) blocks.add(line)
  blocks.end()
  return builder.root
}

function* linesOf(root: YjsType): Generator<QuillLine> {
  let inserts: QuillInsert[] = []
  for (const piece of piecesOf(root)) {
    const { format } = piece
    if (!('text' in piece)) {
      if ('embed' in piece) inserts.push({ insert: piece.embed, format })
      continue
    }
    const [first = '', ...rest] = piece.text.split('\n')
    if (first !== '') inserts.push({ insert: first, format })
    for (const text of rest) {
      yield { inserts, format }
      inserts = text === '' ? [] : [{ insert: text, format }]
    }
  }
  if (inserts.length > 0) yield { inserts, format: {} }
}

const listNames: Readonly<Record<string, string>> = {
  ordered: 'orderedList',
  bullet: 'bulletList',
  checked: 'taskList',
  unchecked: 'taskList',
}

/** Gathers lines that belong together: a list, a quote, a listing, a table. */
class QuillBlocks {
  readonly #builder: RawBuilder
  /** Names of the open lists; each has an open item. */
  readonly #lists: string[] = []
  #group: 'blockquote' | 'codeBlock' | 'table' | undefined
  #language = ''
  #row: unknown

  constructor(builder: RawBuilder) {
    this.#builder = builder
  }

  add({ inserts, format }: QuillLine): void {
    const { header, list, blockquote, table, indent } = format
    const code = format['code-block']
    if (code !== undefined && code !== false) this.#addCode(inserts, typeof code === 'string' ? code : '')
    else if (typeof list === 'string') this.#addItem(inserts, format, list, Number(indent ?? 0))
    else if (table !== undefined) this.#addCell(inserts, format, table)
    else if (blockquote) {
      if (this.#group !== 'blockquote') {
        this.end()
        this.#open('blockquote')
      }
      this.#addText('paragraph', inserts, format)
    } else {
      this.end()
      const divider = inserts.length === 1 && isDivider(inserts[0])
      if (divider) this.#builder.leaf('horizontalRule')
      else if (header === undefined) this.#addText('paragraph', inserts, format)
      else this.#addText('heading', inserts, format, { level: header })
    }
  }

  /** Closes whatever is open. */
  end(): void {
    this.#closeLists(0)
    if (this.#group === 'table') this.#builder.close()
    if (this.#group !== undefined) this.#builder.close()
    this.#group = undefined
  }

  #open(group: 'blockquote' | 'codeBlock' | 'table', attrs: Record<string, unknown> = {}): void {
    this.#builder.open(group, attrs)
    this.#group = group
  }

  #addCode(inserts: readonly QuillInsert[], language: string): void {
    if (this.#group === 'codeBlock' && this.#language === language) this.#builder.text('\n')
    else {
      this.end()
      // Quill calls a listing without a language "plain".
      this.#open('codeBlock', language === 'plain' || language === '' ? {} : { language })
      this.#language = language
    }
    for (const insert of inserts) addInsert(this.#builder, insert)
  }

  #addItem(inserts: readonly QuillInsert[], format: Format, list: string, indent: number): void {
    if (this.#group !== undefined) this.end()
    const name = listNames[list] ?? 'bulletList'
    const level = Math.min(this.#lists.length, Math.max(0, Math.trunc(indent) || 0))
    this.#closeLists(level + 1)
    if (this.#lists.length === level + 1) {
      if (this.#lists[level] === name) this.#builder.close()
      else this.#closeLists(level)
    }
    if (this.#lists.length === level) {
      this.#builder.open(name)
      this.#lists.push(name)
    }
    if (name === 'taskList') this.#builder.open('taskItem', { checked: list === 'checked' })
    else this.#builder.open('listItem')
    this.#addText('paragraph', inserts, format)
  }

  #closeLists(length: number): void {
    for (; this.#lists.length > length; this.#lists.pop()) {
      this.#builder.close()
      this.#builder.close()
    }
  }

  #addCell(inserts: readonly QuillInsert[], format: Format, row: unknown): void {
    if (this.#group !== 'table') {
      this.end()
      this.#open('table')
      this.#builder.open('tableRow')
    } else if (row !== this.#row) {
      this.#builder.close()
      this.#builder.open('tableRow')
    }
    this.#row = row
    this.#builder.open('tableCell')
    this.#addText('paragraph', inserts, format)
    this.#builder.close()
  }

  #addText(
    name: string,
    inserts: readonly QuillInsert[],
    { align, direction, indent, list }: Format,
    attrs: Record<string, unknown> = {},
  ): void {
    this.#builder.open(name, {
      ...attrs,
      textAlign: align,
      dir: direction,
      ...(list === undefined ? { indent } : {}),
    })
    for (const insert of inserts) addInsert(this.#builder, insert)
    this.#builder.close()
  }
}

const isDivider = (insert: QuillInsert | undefined): boolean =>
  typeof insert?.insert === 'object' && insert.insert !== null && 'divider' in insert.insert

const addInsert = (builder: RawBuilder, { insert, format }: QuillInsert): void => {
  const marks = marksOf(format)
  if (typeof insert === 'string') {
    builder.text(insert, marks)
    return
  }
  const [kind = 'embed', value] = Object.entries((insert ?? {}) as Record<string, unknown>)[0] ?? []
  if (kind === 'image') builder.leaf('image', { src: value, ...imageFormat(format) }, marks)
  else if (kind === 'mention' && typeof value === 'object' && value !== null) {
    const { value: label, ...rest } = value as Record<string, unknown>
    builder.leaf('mention', { ...rest, label }, marks)
  } else builder.leaf(kind, { value }, marks)
}

const imageFormat = ({ alt, width, height }: Format): Format => ({ alt, width, height })

const marksOf = (format: Format): RawMark[] => {
  const marks: RawMark[] = []
  const style: Record<string, string> = {}
  for (const [name, value] of Object.entries(format)) {
    if (value === null || value === undefined || value === false) continue
    const text = typeof value === 'string' ? value : ''
    if (name === 'script') marks.push({ name: text === 'sub' ? 'subscript' : 'superscript', attrs: {} })
    else if (name === 'link') marks.push({ name, attrs: { href: text } })
    else if (name in quillStyles) style[quillStyles[name] as string] = text
    else if (inlineFormats.has(name)) marks.push({ name, attrs: {} })
    else if (!blockFormats.has(name)) marks.push({ name, attrs: { value: text } })
  }
  return Object.keys(style).length > 0 ? [...marks, { name: 'textStyle', attrs: style }] : marks
}

/** Quill's formats that are styles, and their names in CSS. */
export const quillStyles: Readonly<Record<string, string>> = {
  color: 'color',
  background: 'backgroundColor',
  font: 'fontFamily',
  size: 'fontSize',
}
const inlineFormats = new Set(['bold', 'italic', 'underline', 'strike', 'code'])
const blockFormats = new Set([
  'header',
  'list',
  'indent',
  'blockquote',
  'code-block',
  'align',
  'direction',
  'table',
  'alt',
  'width',
  'height',
])
