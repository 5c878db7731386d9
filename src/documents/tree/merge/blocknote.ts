import { randomUUID } from 'node:crypto'
import type { Attributes, Block, DocumentTree, Inline, JsonValue, ListItem, Mark, TaskItem } from '../tree.ts'
import { nodeJson, type ProseMirrorNode } from '../write/json.ts'

/** The tree as BlockNote stores it: one group of containers, each with a block and maybe a group of nested ones. */
export const blockNoteNodes = (tree: DocumentTree): ProseMirrorNode[] =>
  tree.content.length === 0 ? [] : [group(tree.content)]

const group = (blocks: readonly Block[]): ProseMirrorNode => ({
  type: 'blockGroup',
  content: containers(blocks),
})

const containers = (blocks: readonly Block[]): ProseMirrorNode[] => {
  const all: ProseMirrorNode[] = []
  for (const block of blocks) {
    const last = all.at(-1)
    const isNested = block.type === 'customBlock' && block.name === 'blockGroup'
    if (isNested && last)
      all[all.length - 1] = { ...last, content: [...(last.content ?? []), group(block.content)] }
    else all.push(...(isNested ? containers(block.content) : toContainers(block)))
  }
  return all
}

const toContainers = (block: Block): ProseMirrorNode[] => {
  switch (block.type) {
    case 'paragraph':
    case 'heading':
      return [container({ type: block.type, attrs: toAttributes(block.attrs), ...inlines(block.content) })]
    case 'blockquote':
      return block.content.flatMap((child) =>
        child.type === 'paragraph'
          ? [container({ type: 'quote', attrs: toAttributes(child.attrs), ...inlines(child.content) })]
          : toContainers(child),
      )
    case 'bulletList':
      return block.content.map((item) => listItem('bulletListItem', item))
    case 'orderedList': {
      const { start } = block.attrs
      return block.content.map((item, index) =>
        listItem('numberedListItem', item, index === 0 && start !== 1 ? { start } : {}),
      )
    }
    case 'taskList':
      return block.content.map((item) => listItem('checkListItem', item, { checked: item.attrs.checked }))
    case 'horizontalRule':
      return [container({ type: 'divider' })]
    case 'image': {
      const { src, alt, title: _, width, height: __, blockName, caption, ...others } = block.attrs
      const attrs = {
        ...others,
        url: src,
        name: blockName ?? (caption === undefined ? alt : undefined),
        caption,
        previewWidth: width,
      }
      return [container({ type: 'image', attrs: defined(attrs) })]
    }
    case 'table':
      return [container({ ...nodeJson({ ...block, content: [] }, {}), content: block.content.map(tableRow) })]
    case 'customText':
      return [container({ type: block.name, attrs: block.attrs, ...inlines(block.content) })]
    case 'customBlock':
      return [container({ type: block.name, attrs: block.attrs, ...nonEmpty(containers(block.content)) })]
    case 'codeBlock':
    case 'pageBreak':
      return [container(nodeJson(block, {}))]
  }
}

const tableRow = ({
  content,
}: {
  content: readonly { type: string; attrs: Attributes; content: readonly Block[] }[]
}): ProseMirrorNode => ({
  type: 'tableRow',
  content: content.map((cell) => ({
    type: cell.type,
    attrs: cell.attrs,
    content: [{ type: 'tableParagraph', ...inlines(cell.content.flatMap(lineOf)) }],
  })),
})

/** The text of a block inside of a cell, which holds one line. */
const lineOf = (block: Block): readonly Inline[] =>
  'content' in block && (block.type === 'paragraph' || block.type === 'heading') ? block.content : []

const listItem = (
  type: string,
  { content: [first, ...others] }: ListItem | TaskItem,
  attrs: Attributes = {},
): ProseMirrorNode => {
  const line = first?.type === 'paragraph' ? first : undefined
  const block = {
    type,
    attrs: { ...toAttributes(line?.attrs ?? {}), ...attrs },
    ...inlines(line?.content ?? []),
  }
  return container(block, others)
}

const container = (block: ProseMirrorNode, nested: readonly Block[] = []): ProseMirrorNode => ({
  type: 'blockContainer',
  attrs: { id: randomUUID() },
  content: nested.length > 0 ? [block, group(nested)] : [block],
})

const inlines = (content: readonly Inline[]): { content?: readonly ProseMirrorNode[] } =>
  nonEmpty(
    content.map((inline) => {
      const { marks: _, ...node } = nodeJson(inline, {})
      return inline.marks.length > 0 ? { ...node, marks: inline.marks.flatMap(toMarks) } : node
    }),
  )

const nonEmpty = (content: readonly ProseMirrorNode[]): { content?: readonly ProseMirrorNode[] } =>
  content.length > 0 ? { content } : {}

const toAttributes = ({ textAlign, ...attrs }: Attributes): Attributes =>
  textAlign === undefined ? attrs : { ...attrs, textAlignment: textAlign }

/** Only marks of BlockNote's schema: an editor deletes text with any other. */
const toMarks = (mark: Mark): { type: string; attrs?: Attributes }[] => {
  switch (mark.type) {
    case 'highlight':
      return [{ type: 'backgroundColor', attrs: { stringValue: mark.attrs['color'] ?? 'yellow' } }]
    case 'textStyle': {
      const { color } = mark.attrs
      return color === undefined ? [] : [{ type: 'textColor', attrs: { stringValue: color } }]
    }
    case 'subscript':
    case 'superscript':
      return []
    case 'customMark':
      return [{ type: mark.name, attrs: mark.attrs }]
    default:
      return [{ type: mark.type, attrs: mark.attrs }]
  }
}

const defined = (attrs: Record<string, JsonValue | undefined>): Attributes =>
  Object.fromEntries(Object.entries(attrs).filter(([, value]) => value !== undefined))
