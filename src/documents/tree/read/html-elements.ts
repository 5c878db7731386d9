import { isSafeImage, isSafeLink } from '../addresses.ts'
import { tidyAttributes } from '../json-value.ts'
import type { RawMark } from '../RawBuilder.ts'
import { styleAttributes } from './lexical.ts'

export type HtmlAttributes = Readonly<Record<string, string>>
type Attrs = Record<string, unknown>

export interface HtmlBlock {
  /** Name of the node; empty for an element that only separates blocks, such as `div`. */
  readonly name: string
  readonly attrs: Attrs
  /** Whether text stands in it directly. */
  readonly isLine: boolean
  readonly isListing: boolean
  readonly isPreformatted: boolean
  readonly isInline: boolean
  /** Alignment of the text in it. */
  readonly textAlign?: string | undefined
}

interface HtmlLeaf {
  readonly name: string
  readonly attrs: Attrs
  readonly isInline: boolean
  /** What is in the element only shows what its attributes say. */
  readonly hidesContent: boolean
}

/** Elements whose text is no text of the document. */
export const skipped: ReadonlySet<string> = new Set([
  'head',
  'script',
  'style',
  'template',
  'noscript',
  'iframe',
  'object',
  'textarea',
  'select',
  'svg',
  'audio',
  'video',
])

const simpleMarks: Readonly<Record<string, string>> = {
  strong: 'bold',
  b: 'bold',
  em: 'italic',
  i: 'italic',
  cite: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strike',
  del: 'strike',
  strike: 'strike',
  sub: 'subscript',
  sup: 'superscript',
  code: 'code',
  kbd: 'code',
  samp: 'code',
  tt: 'code',
}

export const markOf = (name: string, attributes: HtmlAttributes): RawMark | undefined => {
  const simple = simpleMarks[name]
  if (simple !== undefined) return { name: simple, attrs: {} }
  if (name === 'a') {
    const { href = '', title } = attributes
    if (!isSafeLink(href)) return undefined
    return { name: 'link', attrs: title === undefined ? { href } : { href, title } }
  }
  if (name === 'mark') return { name: 'highlight', attrs: highlight(attributes) }
  if (name !== 'span') return undefined
  const comment = attributes['data-comment-id']
  if (comment !== undefined)
    return {
      name: 'comment',
      attrs: { ...tidyAttributes(json(attributes['data-attrs'])).attrs, id: comment },
    }
  const mark = attributes['data-mark']
  if (mark !== undefined) return { name: mark, attrs: tidyAttributes(json(attributes['data-attrs'])).attrs }
  const style = styleAttributes(attributes['style'] ?? '')
  return Object.keys(style).length > 0 ? { name: 'textStyle', attrs: style } : undefined
}

const highlight = (attributes: HtmlAttributes): Record<string, string> => {
  const color = attributes['data-color'] ?? styleAttributes(attributes['style'] ?? '')['backgroundColor']
  return color === undefined ? {} : { color }
}

export const leafOf = (name: string, attributes: HtmlAttributes): HtmlLeaf | undefined => {
  const type = attributes['data-type']
  const custom = attributes['data-node']
  if (custom !== undefined && 'data-shown' in attributes) {
    return { name: custom, attrs: json(attributes['data-attrs']), isInline: true, hidesContent: true }
  }
  switch (name) {
    case 'br':
      return { name: 'hardBreak', attrs: {}, isInline: true, hidesContent: false }
    case 'hr':
      return { name: 'horizontalRule', attrs: {}, isInline: false, hidesContent: false }
    case 'img': {
      const { src = '', alt, title, width, height } = attributes
      const safe = isSafeImage(src) ? src : ''
      const attrs = { ...json(attributes['data-attrs']), src: safe, alt, title, width, height }
      return { name: 'image', attrs, isInline: true, hidesContent: false }
    }
    case 'span': {
      if (type !== 'mention') return undefined
      const {
        'data-id': id,
        'data-label': label,
        'data-mention-suggestion-char': mentionSuggestionChar,
      } = attributes
      const attrs = { ...json(attributes['data-attrs']), id, label, mentionSuggestionChar }
      return { name: 'mention', attrs, isInline: true, hidesContent: true }
    }
    case 'div':
      return type === 'pageBreak' || type === 'page-break'
        ? { name: 'pageBreak', attrs: json(attributes['data-attrs']), isInline: false, hidesContent: true }
        : undefined
    default:
      return undefined
  }
}

const separators: ReadonlySet<string> = new Set(
  (
    'address article aside body caption center dd details dialog div dl dt fieldset figcaption figure footer form ' +
    'header hgroup html legend main menu nav optgroup option search section summary'
  ).split(' '),
)

export const blockOf = (name: string, attributes: HtmlAttributes): HtmlBlock | undefined => {
  const custom = attributes['data-node']
  const attrs = json(attributes['data-attrs'])
  if (custom !== undefined) {
    const isLine = 'data-line' in attributes
    return { ...block(custom, attrs, isLine, attributes), isInline: name === 'span' }
  }
  switch (name) {
    case 'p':
      return block('paragraph', { ...attrs, ...lineAttributes(attributes) }, true, attributes)
    case 'h1':
    case 'h2':
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6': {
      const level = Number(name[1])
      return block('heading', { ...attrs, ...lineAttributes(attributes), level }, true, attributes)
    }
    case 'pre':
      return { ...block('codeBlock', attrs, true, attributes), isListing: true }
    case 'blockquote':
      return block('blockquote', attrs)
    case 'ul':
      return block(attributes['data-type'] === 'taskList' ? 'taskList' : 'bulletList', attrs)
    case 'ol':
      return block('orderedList', { ...attrs, start: attributes['start'] })
    case 'li':
      return attributes['data-type'] === 'taskItem'
        ? block('taskItem', { ...attrs, checked: attributes['data-checked'] === 'true' })
        : block('listItem', attrs)
    case 'table':
      return block('table', attrs)
    case 'tr':
      return block('tableRow', attrs)
    case 'td':
      return {
        ...block('tableCell', { ...attrs, ...cellAttributes(attributes) }),
        textAlign: textAlign(attributes),
      }
    case 'th':
      return {
        ...block('tableHeader', { ...attrs, ...cellAttributes(attributes) }),
        textAlign: textAlign(attributes),
      }
    default:
      return separators.has(name) ? block('', {}) : undefined
  }
}

const block = (name: string, attrs: Attrs, isLine = false, attributes: HtmlAttributes = {}): HtmlBlock => ({
  name,
  attrs,
  isLine,
  isListing: false,
  isPreformatted: /white-space:\s*pre/.test(attributes['style'] ?? ''),
  isInline: false,
})

const textAlign = ({ style = '', align }: HtmlAttributes): string | undefined =>
  /(?:^|;)\s*text-align:\s*([a-z]+)/.exec(style)?.[1] ?? align

const lineAttributes = (attributes: HtmlAttributes): Attrs => ({
  textAlign: textAlign(attributes),
  dir: attributes['dir'],
})

const cellAttributes = (attributes: HtmlAttributes): Attrs => {
  const { colspan, rowspan, colwidth } = attributes
  return { colspan, rowspan, colwidth: colwidth?.split(',').map(Number) }
}

const json = (text: string | undefined): Record<string, unknown> => {
  if (text === undefined) return {}
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
