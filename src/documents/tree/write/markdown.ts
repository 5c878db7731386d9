import type { Block, DocumentTree, ListItem, Table, TaskItem } from '../tree.ts'
import { blockHtml } from './html.ts'
import { inlineMarkdown } from './inline-markdown.ts'
import { inlineText } from './plain.ts'

/**
 * Writes Markdown: CommonMark with tables, strikethrough and task lists as GitHub has them, and HTML for what Markdown
 * cannot say, so that {@link readMarkdown} reads the same tree.
 */
export const writeMarkdown = (tree: DocumentTree): string => {
  const text = blocksMarkdown(tree.content)
  return text === '' ? '' : `${text}\n`
}

const blocksMarkdown = (blocks: readonly Block[]): string => {
  let text = ''
  for (const [index, block] of blocks.entries()) {
    if (index > 0) text += isSameList(blocks[index - 1] as Block, block) ? '\n\n<!-- -->\n\n' : '\n\n'
    text += blockMarkdown(block)
  }
  return text
}

const lists: ReadonlySet<string> = new Set(['bulletList', 'taskList', 'orderedList'])
/** Two lists one after the other would be read as one. */
const isSameList = (a: Block, b: Block): boolean =>
  lists.has(a.type) && lists.has(b.type) && (a.type === 'orderedList') === (b.type === 'orderedList')

const blockMarkdown = (block: Block): string => {
  switch (block.type) {
    case 'paragraph':
      if (Object.keys(block.attrs).length > 0) return html(block)
      // An empty line is no paragraph; a space that does not break stands for it.
      return inlineMarkdown(block.content) || '&nbsp;'
    case 'heading': {
      const { level, ...attrs } = block.attrs
      if (Object.keys(attrs).length > 0) return html(block)
      return `${'#'.repeat(level)} ${inlineMarkdown(block.content, { isHeading: true })}`.trimEnd()
    }
    case 'codeBlock':
      return listing(inlineText(block.content), block.attrs.language ?? '') ?? html(block)
    case 'blockquote':
      return prefixed(blocksMarkdown(block.content), '> ', '> ')
    case 'bulletList':
      return block.content.map((item) => itemMarkdown('- ', item)).join('\n')
    case 'orderedList':
      return block.content
        .map((item, index) => itemMarkdown(`${block.attrs.start + index}. `, item))
        .join('\n')
    case 'taskList':
      if (block.content.some(({ content: [line] }) => hasAttributes(line))) return html(block)
      return block.content
        .map((item) => itemMarkdown('- ', item, item.attrs.checked ? '[x] ' : '[ ] '))
        .join('\n')
    case 'table':
      return tableMarkdown(block) ?? html(block)
    case 'horizontalRule':
      // Dashes after the marker of an item would be a rule instead of the item.
      return '***'
    case 'image':
      return inlineMarkdown([{ ...block, marks: [] }])
    case 'pageBreak':
    case 'customBlock':
    case 'customText':
      return html(block)
  }
}

const hasAttributes = (block: Block | undefined): boolean =>
  block?.type === 'paragraph' && Object.keys(block.attrs).length > 0

/** An empty line would end the HTML. */
const html = (block: Block): string => blockHtml(block).replaceAll(/\n/g, '&#10;')

const listing = (text: string, language: string): string | undefined => {
  if (/[\r`\s]/.test(language)) return undefined
  const longest = Math.max(2, ...Array.from(text.matchAll(/`+/g), ([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text}${text === '' ? '' : '\n'}${fence}`
}

const prefixed = (text: string, first: string, others: string): string =>
  text
    .split('\n')
    .map((line, index) => {
      const prefix = index === 0 ? first : others
      return line === '' ? prefix.trimEnd() : prefix + line
    })
    .join('\n')

/** Items are apart when one has more than lines of text and nested lists, so that paragraphs stay apart too. */
const itemMarkdown = (marker: string, { content }: ListItem | TaskItem, box = ''): string => {
  const [first, ...others] = content
  const isEmpty =
    first?.type === 'paragraph' && first.content.length === 0 && Object.keys(first.attrs).length === 0
  const indent = ' '.repeat(marker.length)
  if (isEmpty && box === '') {
    if (others.length === 0) return marker.trimEnd()
    const [next] = others
    // A marker alone in its line, then what would be read as something else beside it.
    if (next?.type === 'paragraph' || next?.type === 'codeBlock')
      return nested(marker, '&nbsp;', others, indent)
    return prefixed(blocksMarkdown(others), marker, indent)
  }
  const line = first === undefined || isEmpty ? '' : blockMarkdown(first)
  return nested(marker, (box + line).trimEnd(), others, indent)
}

const nested = (marker: string, line: string, others: readonly Block[], indent: string): string => {
  const [next] = others
  if (next === undefined) return prefixed(line, marker, indent)
  // HTML goes on to the next empty line.
  const isTight = lists.has(next.type) && line !== '' && !line.startsWith('<') && !isOrderedElsewhere(next)
  const separator = isTight ? '\n' : '\n\n'
  return prefixed(line + separator + blocksMarkdown(others), marker, indent)
}

/** Only a list that begins with 1 may follow a line of text directly. */
const isOrderedElsewhere = (block: Block): boolean => block.type === 'orderedList' && block.attrs.start !== 1

const tableMarkdown = ({ attrs, content: [head, ...rows] }: Table): string | undefined => {
  if (head === undefined || Object.keys(attrs).length > 0) return undefined
  const width = head.content.length
  const all = [head, ...rows]
  const isPlain = all.every((row, index) => {
    const type = index === 0 ? 'tableHeader' : 'tableCell'
    return (
      row.content.length === width &&
      Object.keys(row.attrs).length === 0 &&
      row.content.every((cell) => cell.type === type && isPlainCell(cell))
    )
  })
  if (!isPlain || width === 0) return undefined
  const lines = all.map((row) => `| ${row.content.map(({ content }) => cellText(content)).join(' | ')} |`)
  const aligns = head.content.map((_, column) => alignOf(all.map((row) => row.content[column]?.content[0])))
  if (aligns.includes(undefined)) return undefined
  lines.splice(1, 0, `| ${aligns.join(' | ')} |`)
  return lines.join('\n')
}

const isPlainCell = ({ attrs, content }: Table['content'][number]['content'][number]): boolean => {
  const { colspan, rowspan, ...others } = attrs
  const [paragraph, ...more] = content
  if (paragraph?.type !== 'paragraph' || more.length > 0 || colspan !== 1 || rowspan !== 1) return false
  const { textAlign: _, ...paragraphAttrs } = paragraph.attrs
  return Object.keys(others).length === 0 && Object.keys(paragraphAttrs).length === 0
}

const rules = { left: ':---', center: ':---:', right: '---:', none: '---' } as const

/** The rule of a column; undefined when its cells do not agree. */
const alignOf = (blocks: readonly (Block | undefined)[]): string | undefined => {
  const aligns = new Set(
    blocks.map((block) => (block?.type === 'paragraph' ? block.attrs.textAlign : undefined) ?? 'none'),
  )
  const [align, ...others] = aligns
  if (align === undefined || align === 'justify' || others.length > 0) return undefined
  return rules[align]
}

const cellText = ([block]: readonly Block[]): string =>
  block?.type === 'paragraph' ? inlineMarkdown(block.content, { isCell: true }) : ''
