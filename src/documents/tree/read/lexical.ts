import * as Y from 'yjs'
import type { TreeLimits } from '../limits.ts'
import { RawBuilder, type RawElement, type RawMark } from '../RawBuilder.ts'
import { entriesOf, isXmlElement, piecesOf, type Piece, type YjsType } from './yjs.ts'

/** The bits of `__format` of a text node, in Lexical's order. */
export const lexicalFormats = [
  'bold',
  'italic',
  'strike',
  'underline',
  'code',
  'subscript',
  'superscript',
  'highlight',
] as const

const alignments = ['', 'left', 'center', 'right', 'justify', 'left', 'right']

interface Level {
  readonly pieces: Iterator<Piece>
  /** Elements that this level has opened. */
  readonly opened: number
  /** Marks that an element of the level lays on its text, such as a link. */
  readonly marks: readonly RawMark[]
  /** Marks of the text that follows the latest text node. */
  textMarks: readonly RawMark[]
}

/**
 * Reads what `@lexical/yjs` stores: elements are texts with `__type` and other attributes; a text node is a map with
 * its properties, followed by its characters; decorators are elements named `UNDEFINED` with attributes.
 */
export const readLexical = (
  root: YjsType,
  limits: TreeLimits,
  /** `isWhole`: the type is itself a block and not the root. */
  { isWhole = false }: { isWhole?: boolean } = {},
): RawElement => {
  const builder = new RawBuilder(limits)
  const stack: Level[] = [
    isWhole ? enter(builder, root, []) : { pieces: piecesOf(root), opened: 0, marks: [], textMarks: [] },
  ]
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const { value: piece, done } = top.pieces.next()
    if (done) {
      for (let count = top.opened; count > 0; count--) builder.close()
      stack.pop()
    } else if ('text' in piece) builder.text(piece.text, [...top.marks, ...top.textMarks])
    else if ('embed' in piece) {
      if (typeof piece.embed === 'string') builder.text(piece.embed, top.marks)
    } else if (piece.type instanceof Y.Map) {
      const properties = entriesOf(piece.type as unknown as YjsType)
      if (properties['__type'] === 'linebreak') builder.leaf('hardBreak', {}, top.marks)
      else top.textMarks = textMarks(properties)
    } else stack.push(enter(builder, piece.type, top.marks))
  }
  return builder.root
}

const enter = (builder: RawBuilder, type: YjsType, marks: readonly RawMark[]): Level => {
  const properties = entriesOf(type)
  const pieces = piecesOf(type)
  const kind = text(properties['__type'])
  if (kind === 'link' || kind === 'autolink') {
    const attrs = { href: text(properties['__url']), title: text(properties['__title']) }
    const link: RawMark = { name: 'link', attrs: attrs.title ? attrs : { href: attrs.href } }
    return { pieces, opened: 0, marks: [...marks, link], textMarks: [] }
  }
  if (kind === 'code-highlight') return { pieces, opened: 0, marks, textMarks: [] }
  if (isXmlElement(type)) builder.open(decoratorName(kind), decoratorAttributes(properties), marks)
  else builder.open(elementName(kind, properties), elementAttributes(kind, properties))
  return { pieces, opened: 1, marks, textMarks: [] }
}

const elementName = (kind: string, properties: Record<string, unknown>): string => {
  switch (kind) {
    case 'quote':
      return 'blockquote'
    case 'code':
      return 'codeBlock'
    case 'list':
      return listNames[text(properties['__listType'])] ?? 'bulletList'
    case 'listitem':
      return 'listItem'
    case 'tablerow':
      return 'tableRow'
    case 'tablecell':
      return Number(properties['__headerState'] ?? 0) > 0 ? 'tableHeader' : 'tableCell'
    default:
      return kind || 'undefined'
  }
}

const listNames: Readonly<Record<string, string>> = {
  number: 'orderedList',
  bullet: 'bulletList',
  check: 'taskList',
}

const elementAttributes = (kind: string, properties: Record<string, unknown>): Record<string, unknown> => {
  const format = properties['__format']
  const common = {
    textAlign: typeof format === 'number' ? alignments[format] : format,
    dir: properties['__dir'],
    indent: properties['__indent'] || null,
  }
  switch (kind) {
    case 'heading':
      return { ...common, level: Number(text(properties['__tag']).slice(1)) || 1 }
    case 'paragraph':
      return common
    case 'list':
      return properties['__listType'] === 'number' ? { start: properties['__start'] } : {}
    case 'listitem':
      return { checked: properties['__checked'] }
    case 'code':
      return { language: properties['__language'] }
    case 'tablecell':
      return { colspan: properties['__colSpan'], rowspan: properties['__rowSpan'] }
    case 'quote':
    case 'table':
    case 'tablerow':
      return {}
    default:
      return withoutUnderscores(properties)
  }
}

const decoratorName = (kind: string): string =>
  kind === 'horizontalrule' ? 'horizontalRule' : kind || 'undefined'

const decoratorAttributes = (properties: Record<string, unknown>): Record<string, unknown> => {
  const attrs = withoutUnderscores(properties)
  return { ...attrs, alt: attrs['altText'] ?? attrs['alt'] }
}

const withoutUnderscores = (properties: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => name !== '__type' && name !== '__version' && name !== '__style')
      .map(([name, value]) => [name.replace(/^__/, ''), value]),
  )

const textMarks = (properties: Record<string, unknown>): RawMark[] => {
  const format = Number(properties['__format'] ?? 0)
  const marks: RawMark[] = lexicalFormats
    .filter((_, bit) => (format & (1 << bit)) !== 0)
    .map((name) => ({ name, attrs: {} }))
  const style = styleAttributes(text(properties['__style']))
  return Object.keys(style).length > 0 ? [...marks, { name: 'textStyle', attrs: style }] : marks
}

/** The tree's names of CSS properties. */
export const styleNames: Readonly<Record<string, string>> = {
  color: 'color',
  'background-color': 'backgroundColor',
  'font-family': 'fontFamily',
  'font-size': 'fontSize',
}

/** Attributes of a `textStyle` mark from a `style` attribute. */
export const styleAttributes = (style: string): Record<string, string> => {
  const attrs: Record<string, string> = {}
  for (const declaration of style.split(';')) {
    const colon = declaration.indexOf(':')
    const name = styleNames[declaration.slice(0, colon).trim().toLowerCase()]
    const value = declaration.slice(colon + 1).trim()
    if (colon > 0 && name !== undefined && value !== '') attrs[name] = value
  }
  return attrs
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
