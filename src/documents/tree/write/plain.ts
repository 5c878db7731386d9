import type { Block, DocumentTree, Inline, ListItem, TaskItem } from '../tree.ts'

/** Writes plain text: blocks are separated by an empty line, list items and table rows by a line end. */
export const writeText = (tree: DocumentTree): string => {
  const text = blocksText(tree.content, '\n\n')
  return text === '' ? '' : `${text}\n`
}

/** The text of a line, as a reader sees it. */
export const inlineText = (inlines: readonly Inline[]): string => {
  let text = ''
  for (const inline of inlines) {
    if (inline.type === 'text') text += inline.text
    else if (inline.type === 'hardBreak') text += '\n'
    else if (inline.type === 'mention') text += mentionText(inline.attrs)
    else if (inline.type === 'image') text += inline.attrs.alt ?? ''
    else text += inlineText(inline.content) || leafText(inline.name, inline.attrs)
  }
  return text
}

export const mentionText = (attrs: { readonly label: string; readonly [name: string]: unknown }): string => {
  const char = attrs['mentionSuggestionChar'] ?? attrs['denotationChar']
  return `${typeof char === 'string' ? char : '@'}${attrs.label}`
}

/** Attributes in which nodes without content keep what they show. */
const shownAttributes = ['text', 'label', 'latex', 'value', 'formula', 'caption', 'emoji']

/** What a node without content shows, as text. */
export const leafText = (name: string, attrs: Readonly<Record<string, unknown>>): string => {
  for (const shown of shownAttributes) {
    const value = attrs[shown]
    if (typeof value === 'string') return value
  }
  return name === 'emoji' && typeof attrs['name'] === 'string' ? `:${attrs['name']}:` : ''
}

const blocksText = (blocks: readonly Block[], separator: string): string =>
  blocks.map((block) => blockText(block)).join(separator)

const blockText = (block: Block): string => {
  switch (block.type) {
    case 'paragraph':
    case 'heading':
    case 'codeBlock':
    case 'customText':
      return inlineText(block.content)
    case 'blockquote':
      return blocksText(block.content, '\n\n')
    case 'customBlock':
      return blocksText(block.content, '\n\n') || leafText(block.name, block.attrs)
    case 'bulletList':
      return block.content.map((item) => itemText('- ', item)).join('\n')
    case 'orderedList':
      return block.content.map((item, index) => itemText(`${block.attrs.start + index}. `, item)).join('\n')
    case 'taskList':
      return block.content.map((item) => itemText(item.attrs.checked ? '[x] ' : '[ ] ', item)).join('\n')
    case 'table':
      return block.content
        .map((row) =>
          row.content.map((cell) => blocksText(cell.content, ' ').replaceAll('\n', ' ')).join('\t'),
        )
        .join('\n')
    case 'horizontalRule':
      return '---'
    case 'pageBreak':
      return '\f'
    case 'image':
      return block.attrs.alt ?? ''
  }
}

const itemText = (marker: string, item: ListItem | TaskItem): string =>
  marker + blocksText(item.content, '\n').replaceAll('\n', `\n${' '.repeat(marker.length)}`)
