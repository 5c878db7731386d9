import { cssColor, isSafeImage, isSafeLink } from '../addresses.ts'
import type {
  Attributes,
  Block,
  DocumentTree,
  Image,
  Inline,
  Mark,
  TableCell,
  TextBlockAttributes,
} from '../tree.ts'
import { inlineText, leafText, mentionText } from './plain.ts'

/**
 * Writes HTML without a frame around it. Text is escaped, links and images have safe addresses only, and there is no
 * script in it. What HTML has no element for is kept in `data-` attributes, so that {@link readHtml} reads the same tree.
 */
export const writeHtml = (tree: DocumentTree): string => tree.content.map(blockHtml).join('\n')

export const blockHtml = (block: Block): string => {
  switch (block.type) {
    case 'paragraph':
      return line('p', block.attrs, block.content)
    case 'heading': {
      const { level, ...attrs } = block.attrs
      return line(`h${level}`, attrs, block.content)
    }
    case 'codeBlock': {
      const { language, ...attrs } = block.attrs
      const name = language === undefined ? '' : attribute('class', `language-${language}`)
      return `<pre${extras(attrs)}><code${name}>${listing(inlineText(block.content))}</code></pre>`
    }
    case 'blockquote':
      return container('blockquote', extras(block.attrs), block.content)
    case 'bulletList':
      return list(
        'ul',
        extras(block.attrs),
        block.content.map((item) => container('li', extras(item.attrs), item.content)),
      )
    case 'orderedList': {
      const { start, ...attrs } = block.attrs
      const items = block.content.map((item) => container('li', extras(item.attrs), item.content))
      return list('ol', (start === 1 ? '' : attribute('start', String(start))) + extras(attrs), items)
    }
    case 'taskList':
      return list('ul', ` data-type="taskList"${extras(block.attrs)}`, block.content.map(taskItem))
    case 'table': {
      const rows = block.content.map(
        (row) => `<tr${extras(row.attrs)}>${row.content.map(cellHtml).join('')}</tr>`,
      )
      return `<table${extras(block.attrs)}><tbody>${rows.join('')}</tbody></table>`
    }
    case 'horizontalRule':
      return '<hr>'
    case 'pageBreak':
      return `<div data-type="pageBreak" style="break-after: page"${extras(block.attrs)}></div>`
    case 'image':
      return image(block)
    case 'customText':
      return `<div${custom(block.name, block.attrs)} data-line${spaces(block.content)}>${inlineHtml(block.content)}</div>`
    case 'customBlock':
      return container('div', custom(block.name, block.attrs), block.content)
  }
}

const container = (name: string, attributes: string, content: readonly Block[]): string =>
  `<${name}${attributes}>${content.map(blockHtml).join('')}</${name}>`
const list = (name: string, attributes: string, items: readonly string[]): string =>
  `<${name}${attributes}>${items.join('')}</${name}>`

const taskItem = ({
  attrs: { checked, ...attrs },
  content,
}: {
  attrs: Attributes & { checked: boolean }
  content: readonly Block[]
}): string => {
  const box = `<input type="checkbox" disabled${checked ? ' checked' : ''}>`
  return `<li data-type="taskItem" data-checked="${checked}"${extras(attrs)}>${box}${content.map(blockHtml).join('')}</li>`
}

const cellHtml = ({ type, attrs: { colspan, rowspan, colwidth, ...attrs }, content }: TableCell): string => {
  const attributes =
    (colspan === 1 ? '' : attribute('colspan', String(colspan))) +
    (rowspan === 1 ? '' : attribute('rowspan', String(rowspan))) +
    (colwidth === undefined ? '' : attribute('colwidth', colwidth.join(',')))
  return container(type === 'tableHeader' ? 'th' : 'td', attributes + extras(attrs), content)
}

const line = (
  name: string,
  { textAlign, dir, ...attrs }: TextBlockAttributes,
  content: readonly Inline[],
): string => {
  const styles = [textAlign && `text-align: ${textAlign}`, hasSpaces(content) && 'white-space: pre-wrap']
  const style = styles.filter(Boolean).join('; ')
  const attributes = (style && attribute('style', style)) + (dir ? attribute('dir', dir) : '') + extras(attrs)
  return `<${name}${attributes}>${inlineHtml(content)}</${name}>`
}

/** Whether white space would be lost where browsers collapse it. */
const hasSpaces = (content: readonly Inline[]): boolean => {
  const text = content
    .map((inline) => (inline.type === 'hardBreak' ? '\u0000' : inlineText([inline]) || 'x'))
    .join('')
  return /^[ \t\n\f\r]|[ \t\n\f\r]$|[\t\n\f\r]|  | \0|\0 /.test(text)
}
const spaces = (content: readonly Inline[]): string =>
  hasSpaces(content) ? attribute('style', 'white-space: pre-wrap') : ''

const inlineHtml = (inlines: readonly Inline[]): string => inlines.map(inlinePart).join('')

const inlinePart = (inline: Inline): string => {
  let html = contentHtml(inline)
  for (const mark of [...inline.marks].reverse()) {
    const [open, close] = markTags(mark)
    html = open + html + close
  }
  return html
}

const contentHtml = (inline: Inline): string => {
  switch (inline.type) {
    case 'text':
      return escapeHtml(inline.text)
    case 'hardBreak':
      return '<br>'
    case 'image':
      return image(inline)
    case 'mention': {
      const { id, label, mentionSuggestionChar: char, ...attrs } = inline.attrs
      const character = typeof char === 'string' ? attribute('data-mention-suggestion-char', char) : ''
      const data = `${attribute('data-id', id)}${attribute('data-label', label)}${character}${extras(attrs)}`
      return `<span data-type="mention"${data}>${escapeHtml(mentionText(inline.attrs))}</span>`
    }
    case 'customInline': {
      const content = inline.content.length > 0 ? inlineHtml(inline.content) : ''
      const shown = content === '' ? leafText(inline.name, inline.attrs) : ''
      // What is shown from the attributes is no content of its own.
      return shown === ''
        ? `<span${custom(inline.name, inline.attrs)}>${content}</span>`
        : `<span${custom(inline.name, inline.attrs)} data-shown>${escapeHtml(shown)}</span>`
    }
  }
}

/** The tags around text with this mark; both empty when HTML has none, or the link is not safe. */
export const markTags = (mark: Mark): readonly [open: string, close: string] => {
  switch (mark.type) {
    case 'bold':
      return ['<strong>', '</strong>']
    case 'italic':
      return ['<em>', '</em>']
    case 'underline':
      return ['<u>', '</u>']
    case 'strike':
      return ['<s>', '</s>']
    case 'code':
      return ['<code>', '</code>']
    case 'subscript':
      return ['<sub>', '</sub>']
    case 'superscript':
      return ['<sup>', '</sup>']
    case 'highlight': {
      const color = cssColor(mark.attrs['color'])
      const style = color === undefined ? '' : ` data-color="${color}" style="background-color: ${color}"`
      return [`<mark${style}>`, '</mark>']
    }
    case 'textStyle': {
      const style = styleOf(mark.attrs)
      return style === '' ? ['', ''] : [`<span${attribute('style', style)}>`, '</span>']
    }
    case 'link': {
      const { href, title } = mark.attrs
      if (typeof href !== 'string' || !isSafeLink(href)) return ['', '']
      const titleAttribute = typeof title === 'string' ? attribute('title', title) : ''
      return [`<a${attribute('href', href)}${titleAttribute} rel="noopener noreferrer nofollow">`, '</a>']
    }
    case 'comment': {
      const { id, ...attrs } = mark.attrs
      return [
        `<span${attribute('data-comment-id', typeof id === 'string' ? id : '')}${extras(attrs)}>`,
        '</span>',
      ]
    }
    case 'customMark':
      return [`<span${attribute('data-mark', mark.name)}${extras(mark.attrs)}>`, '</span>']
  }
}

const styleOf = (attrs: Attributes): string => {
  const declarations: string[] = []
  const color = cssColor(attrs['color'])
  if (color !== undefined) declarations.push(`color: ${color}`)
  const background = cssColor(attrs['backgroundColor'])
  if (background !== undefined) declarations.push(`background-color: ${background}`)
  const font = attrs['fontFamily']
  if (typeof font === 'string' && /^[\w\s,'"-]{1,200}$/.test(font)) declarations.push(`font-family: ${font}`)
  const size = attrs['fontSize']
  if (typeof size === 'string' && /^[\w.%-]{1,20}$/.test(size)) declarations.push(`font-size: ${size}`)
  return declarations.join('; ')
}

const image = ({ attrs: { src, alt, title, width, height, ...rest } }: Image): string => {
  const values = { src: isSafeImage(src) ? src : '', alt: alt ?? '', title, width, height }
  const attributes = Object.entries(values)
    .filter(([name, value]) => value !== undefined && !(name === 'alt' && alt === undefined))
    .map(([name, value]) => attribute(name, String(value)))
  return `<img${attributes.join('')}${extras(rest)}>`
}

const custom = (name: string, attrs: Attributes): string => attribute('data-node', name) + extras(attrs)

/** Attributes that HTML has no place for. */
const extras = (attrs: Attributes): string =>
  Object.keys(attrs).length > 0 ? attribute('data-attrs', JSON.stringify(attrs)) : ''

const attribute = (name: string, value: string): string =>
  ` ${name}="${escapeHtml(value).replaceAll('\n', '&#10;')}"`

/** An HTML parser drops the first line break of a listing. */
const listing = (text: string): string => escapeHtml(text.startsWith('\n') ? `\n${text}` : text)

const replacements: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\u0000': '\uFFFD',
  '\r': '&#13;',
}

const escapeHtml = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- HTML has no NUL
  text.replaceAll(/[&<>"'\u0000\r]/g, (char) => replacements[char] ?? char)
