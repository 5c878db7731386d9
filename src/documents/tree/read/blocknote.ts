import { isRawText, type RawElement, type RawMark, type RawNode } from '../RawBuilder.ts'

/**
 * BlockNote's blocks as the tree has them: `blockContainer`s hold one block and a group of nested ones; list items are
 * siblings, and lists are made here. Nested blocks of anything but a list item stay in a `blockGroup`.
 */
export const unpackBlockNote = (root: RawElement): RawElement => ({
  ...root,
  children: unpack(root.children),
})

/** Attributes that say nothing: BlockNote stores every block's defaults. */
export const isBlockNoteDefault = (name: string, value: unknown): boolean =>
  value === 'default' ||
  (name === 'textAlignment' && value === 'left') ||
  (name === 'isToggleable' && value === false)

const listOf: Readonly<Record<string, readonly [list: string, item: string]>> = {
  bulletListItem: ['bulletList', 'listItem'],
  toggleListItem: ['bulletList', 'listItem'],
  numberedListItem: ['orderedList', 'listItem'],
  checkListItem: ['taskList', 'taskItem'],
}

const unpack = (nodes: readonly RawNode[]): RawNode[] => {
  const blocks: RawNode[] = []
  for (const node of nodes) {
    if (isRawText(node)) blocks.push({ ...node, marks: node.marks.map(toMark) })
    else if (node.name === 'blockGroup' && nodes.length === 1) blocks.push(...unpack(node.children))
    else if (node.name === 'blockContainer') addBlock(blocks, node)
    else blocks.push(toBlock(node))
  }
  return blocks
}

const addBlock = (blocks: RawNode[], { children }: RawElement): void => {
  const [block, ...groups] = children
  if (block === undefined) return
  const nested = unpack(groups.flatMap((group) => (isRawText(group) ? [group] : group.children)))
  const names = isRawText(block) ? undefined : listOf[block.name]
  if (isRawText(block) || names === undefined) {
    blocks.push(...unpack([block]))
    if (nested.length > 0) blocks.push(element('blockGroup', {}, nested))
    return
  }
  const [listName, itemName] = names
  const { checked, start, ...attrs } = block.attrs
  const text = element('paragraph', attrs, unpack(block.children))
  const item = element(itemName, itemName === 'taskItem' ? { checked } : {}, [text, ...nested])
  const last = blocks.at(-1)
  if (last && !isRawText(last) && last.name === listName && start === undefined) last.children.push(item)
  else blocks.push(element(listName, listName === 'orderedList' ? { start } : {}, [item]))
}

const toBlock = (node: RawElement): RawNode => {
  const { attrs, marks } = node
  if (node.name === 'tableParagraph')
    return { name: 'paragraph', attrs: tidy(attrs), marks, children: unpack(node.children) }
  if (node.name === 'quote') {
    const text = element('paragraph', attrs, unpack(node.children))
    return { name: 'blockquote', attrs: {}, marks, children: [text] }
  }
  if (node.name === 'image') {
    const { caption, name, previewWidth, ...rest } = attrs
    const alt = caption === undefined || caption === '' ? name : caption
    const image = { name: 'image', marks, children: [] }
    return { ...image, attrs: tidy({ ...rest, alt, width: previewWidth, blockName: name, caption }) }
  }
  return { ...node, attrs: tidy(attrs), marks: marks.map(toMark), children: unpack(node.children) }
}

const toMark = (mark: RawMark): RawMark => {
  const value = mark.attrs['stringValue']
  if (mark.name === 'textColor') return { name: 'textStyle', attrs: { color: value } }
  if (mark.name === 'backgroundColor') return { name: 'highlight', attrs: { color: value } }
  return mark
}

const tidy = (attrs: RawElement['attrs']): RawElement['attrs'] =>
  Object.fromEntries(
    Object.entries(attrs).filter(([name, value]) => value !== undefined && !isBlockNoteDefault(name, value)),
  )

const element = (name: string, attrs: RawElement['attrs'], children: RawNode[]): RawElement => ({
  name,
  attrs: tidy(attrs),
  marks: [],
  children,
})
