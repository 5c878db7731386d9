import type { Block, DocumentTree, ListItem, TaskItem } from '../tree.ts'
import { align } from './align.ts'

/**
 * A tree that came in a format which cannot say everything (Markdown has no comments): blocks that look the same as before
 * in that format are taken from the tree before, with all that the format leaves out.
 *
 * @param write writes a tree in that format
 */
export const keepUnchanged = (
  before: DocumentTree,
  after: DocumentTree,
  write: (tree: DocumentTree) => string,
): DocumentTree => ({ type: 'doc', content: keepBlocks(before.content, after.content, write) })

const keepBlocks = (
  before: readonly Block[],
  after: readonly Block[],
  write: (tree: DocumentTree) => string,
): readonly Block[] => {
  const keyed = (block: Block) => ({ key: write({ type: 'doc', content: [block] }), block })
  return align(before.map(keyed), after.map(keyed), ({ block: a }, { block: b }) =>
    a.type === b.type ? 1 : 0,
  ).map(({ from, to, isSame }) => {
    if (from === undefined) return to.block
    return isSame ? from.block : keepInside(from.block, to.block, write)
  })
}

type List = Extract<Block, { type: 'bulletList' | 'orderedList' | 'taskList' }>
const isList = (block: Block): block is List => block.type.endsWith('List')

/** Of a list in which an item changed, the other items stay as they are. */
const keepInside = (before: Block, after: Block, write: (tree: DocumentTree) => string): Block => {
  if (before.type === 'blockquote' && after.type === 'blockquote') {
    return { ...after, content: keepBlocks(before.content, after.content, write) }
  }
  if (!isList(before) || !isList(after) || before.type !== after.type) return after
  const keyed = (item: ListItem | TaskItem) => ({
    key: write({ type: 'doc', content: [listOf(item)] }),
    item,
  })
  const items = align(before.content.map(keyed), after.content.map(keyed), () => 1).map(
    ({ from, to, isSame }) => {
      if (from === undefined) return to.item
      return isSame
        ? from.item
        : { ...to.item, content: keepBlocks(from.item.content, to.item.content, write) }
    },
  )
  return { ...after, content: items } as List
}

const listOf = (item: ListItem | TaskItem): Block =>
  item.type === 'taskItem'
    ? { type: 'taskList', attrs: {}, content: [item] }
    : { type: 'bulletList', attrs: {}, content: [item] }
