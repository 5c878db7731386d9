import * as attributes from './attributes.ts'
import { isRawText, type RawElement, type RawMark, type RawNode } from './RawBuilder.ts'
import { markTypeOf, nodeTypeOf, type NodeType } from './names.ts'
import type {
  Attributes,
  Block,
  DocumentTree,
  Inline,
  ListItem,
  Mark,
  Paragraph,
  TableCell,
  TableRow,
  TaskItem,
} from './tree.ts'

/** Makes a tree of a raw one: names and attributes as the tree has them, every node where it may be, no text lost. */
export const normalise = (root: RawElement): DocumentTree => ({
  type: 'doc',
  content: toBlocks(root.children),
})

const inlineTypes: ReadonlySet<string> = new Set(['hardBreak', 'mention'])

/** Of an element that has no type here, its company decides whether it is part of a line of text. */
const isInline = (node: RawNode): boolean => isRawText(node) || inlineTypes.has(nodeTypeOf(node.name) ?? '')
const holdsText = (children: readonly RawNode[]): boolean => children.some(isInline)
const isTyped = (node: RawNode): boolean => !isRawText(node) && nodeTypeOf(node.name) !== undefined
const paragraph = (content: readonly Inline[], attrs: Attributes = {}): Paragraph => ({
  type: 'paragraph',
  attrs: attributes.textBlockAttributes(attrs),
  content,
})

const toBlocks = (children: readonly RawNode[]): Block[] => {
  const blocks: Block[] = []
  let line: RawNode[] = []
  const isMixed = holdsText(children)
  const flush = (): void => {
    if (line.some((node) => !isRawText(node) || node.text.trim() !== '')) {
      blocks.push(...toTextBlocks(line, paragraph))
    }
    line = []
  }
  for (let index = 0; index < children.length; index++) {
    const child = children[index] as RawNode
    if (isRawText(child) || isInline(child) || (isMixed && isLinePart(child, line, children[index + 1]))) {
      line.push(child)
      continue
    }
    flush()
    const listName = listNameOf(child)
    if (listName === undefined) blocks.push(...toBlock(child))
    else {
      const items = takeItems(children, index, listName)
      index += items.length - 1
      blocks.push(...toBlock({ name: listName, attrs: {}, marks: [], children: items }))
    }
  }
  flush()
  return blocks
}

/** An element without a type, or an image, directly beside text. */
const isLinePart = (child: RawElement, line: readonly RawNode[], next: RawNode | undefined): boolean => {
  const type = nodeTypeOf(child.name)
  if (type !== undefined && type !== 'image') return false
  return line.length > 0 || (next !== undefined && isInline(next))
}

/** The list that an item outside of any list gets. */
const listNameOf = (node: RawElement): string | undefined => {
  const type = nodeTypeOf(node.name)
  if (type === 'listItem') return 'bulletList'
  return type === 'taskItem' ? 'taskList' : undefined
}

const takeItems = (children: readonly RawNode[], from: number, listName: string): RawNode[] => {
  let end = from
  for (; end < children.length; end++) {
    const child = children[end] as RawNode
    if (isRawText(child) || listNameOf(child) !== listName) break
  }
  return children.slice(from, end)
}

const toBlock = (element: RawElement): Block[] => {
  const { attrs, children } = element
  switch (nodeTypeOf(element.name)) {
    case 'paragraph':
      return isOnlyImage(element)
        ? toBlocks(children)
        : toTextBlocks(children, (content) => paragraph(content, attrs))
    case 'heading': {
      const headingAttributes = attributes.headingAttributes(attrs)
      return toTextBlocks(children, (content) => ({ type: 'heading', attrs: headingAttributes, content }))
    }
    case 'codeBlock': {
      const codeAttributes = attributes.codeBlockAttributes(attrs)
      return toTextBlocks(children, (content) => ({
        type: 'codeBlock',
        attrs: codeAttributes,
        content: mergeTexts(
          content.map((inline) => (inline.type === 'hardBreak' ? newline : unmarked(inline))),
        ),
      }))
    }
    case 'blockquote':
      return [{ type: 'blockquote', attrs, content: atLeastOne(toBlocks(children)) }]
    case 'bulletList':
      return nonEmpty({ type: 'bulletList', attrs, content: toListItems(children) })
    case 'orderedList':
      return nonEmpty({
        type: 'orderedList',
        attrs: attributes.orderedListAttributes(attrs),
        content: toListItems(children),
      })
    case 'taskList':
      return nonEmpty({ type: 'taskList', attrs, content: toTaskItems(children) })
    case 'table':
      return nonEmpty({ type: 'table', attrs, content: toRows(children) })
    case 'tableRow':
    case 'tableCell':
    case 'tableHeader':
    case 'listItem':
    case 'taskItem':
      return toBlocks(children)
    case 'horizontalRule':
      return [{ type: 'horizontalRule', attrs }]
    case 'pageBreak':
      return [{ type: 'pageBreak', attrs }]
    case 'image':
      return [{ type: 'image', attrs: attributes.imageAttributes(attrs) }]
    case 'hardBreak':
    case 'mention':
      return [paragraph(toInlines([element]))]
    case undefined:
      return [toCustom(element)]
  }
}

/** Editors whose images are part of a line store one that stands alone in a paragraph. */
const isOnlyImage = ({ attrs, children: [only, ...others] }: RawElement): boolean =>
  only !== undefined &&
  !isRawText(only) &&
  only.marks.length === 0 &&
  nodeTypeOf(only.name) === 'image' &&
  others.length === 0 &&
  Object.keys(attrs).length === 0

const toCustom = ({ name, attrs, children }: RawElement): Block =>
  holdsText(children) && !children.some((child) => isTyped(child) && !isInline(child))
    ? { type: 'customText', name, attrs, content: toInlines(children) }
    : { type: 'customBlock', name, attrs, content: toBlocks(children) }

const nonEmpty = <T extends Block & { content: readonly unknown[] }>(block: T): T[] =>
  block.content.length > 0 ? [block] : []
const atLeastOne = (blocks: readonly Block[]): readonly Block[] =>
  blocks.length > 0 ? blocks : [paragraph([])]

/** Blocks inside of a text block, where they may not be, come out between its lines. */
const toTextBlocks = (children: readonly RawNode[], make: (content: readonly Inline[]) => Block): Block[] => {
  const blocks: Block[] = []
  let line: RawNode[] = []
  for (const child of children) {
    const type = isRawText(child) ? undefined : nodeTypeOf(child.name)
    if (isRawText(child) || type === undefined || type === 'image' || inlineTypes.has(type)) line.push(child)
    else {
      if (line.length > 0) blocks.push(make(toInlines(line)))
      line = []
      blocks.push(...toBlocks([child]))
    }
  }
  if (line.length > 0 || blocks.length === 0) blocks.push(make(toInlines(line)))
  return blocks
}

const itemContent = (children: readonly RawNode[]): readonly Block[] => {
  const blocks = toBlocks(children)
  return blocks[0]?.type === 'paragraph' ? blocks : [paragraph([]), ...blocks]
}

const toListItems = (children: readonly RawNode[]): ListItem[] =>
  toMembers(children, ['listItem', 'taskItem'], 'listItem').map(({ attrs, children }) => ({
    type: 'listItem',
    attrs,
    content: itemContent(children),
  }))

const toTaskItems = (children: readonly RawNode[]): TaskItem[] =>
  toMembers(children, ['taskItem', 'listItem'], 'taskItem').map(({ attrs, children }) => ({
    type: 'taskItem',
    attrs: attributes.taskItemAttributes(attrs),
    content: itemContent(children),
  }))

const toRows = (children: readonly RawNode[]): TableRow[] =>
  toMembers(children, ['tableRow'], 'tableRow').map(({ attrs, children }) => ({
    type: 'tableRow',
    attrs,
    content: toCells(children),
  }))

const toCells = (children: readonly RawNode[]): TableCell[] =>
  toMembers(children, ['tableCell', 'tableHeader'], 'tableCell').map(({ name, attrs, children }) => ({
    type: nodeTypeOf(name) === 'tableHeader' ? 'tableHeader' : 'tableCell',
    attrs: attributes.cellAttributes(attrs),
    content: atLeastOne(toBlocks(children)),
  }))

/** The elements of these types; whatever else is there goes into an element of type `wrapper` of its own. */
const toMembers = (
  children: readonly RawNode[],
  types: readonly NodeType[],
  wrapper: NodeType,
): RawElement[] => {
  const members: RawElement[] = []
  let strays: RawNode[] = []
  const flush = (): void => {
    if (strays.some((node) => !isRawText(node) || node.text.trim() !== '')) {
      members.push({ name: wrapper, attrs: {}, marks: [], children: strays })
    }
    strays = []
  }
  for (const child of children) {
    const type = isRawText(child) ? undefined : nodeTypeOf(child.name)
    if (isRawText(child) || type === undefined || !types.includes(type)) strays.push(child)
    else {
      flush()
      members.push(child)
    }
  }
  flush()
  return members
}

const newline: Inline = { type: 'text', text: '\n', marks: [] }
const unmarked = (inline: Inline): Inline => (inline.marks.length > 0 ? { ...inline, marks: [] } : inline)

const toInlines = (children: readonly RawNode[]): Inline[] => {
  const inlines: Inline[] = []
  for (const child of children) {
    const marks = toMarks(child.marks)
    if (isRawText(child)) inlines.push({ type: 'text', text: child.text, marks })
    else inlines.push(toInline(child, marks))
  }
  return mergeTexts(inlines)
}

const toInline = (element: RawElement, marks: readonly Mark[]): Inline => {
  const { name, attrs, children } = element
  const type = nodeTypeOf(name)
  switch (type) {
    case 'hardBreak':
      return { type, attrs, marks }
    case 'mention':
      return { type, attrs: attributes.mentionAttributes(attrs), marks }
    case 'image':
      return { type, attrs: attributes.imageAttributes(attrs), marks }
    default:
      return { type: 'customInline', name, attrs, content: toInlines(flatten(children)), marks }
  }
}

/** Text of an inline element that holds blocks. */
const flatten = (children: readonly RawNode[]): RawNode[] =>
  children.flatMap((child) =>
    isRawText(child) || isInline(child) || !isTyped(child) || nodeTypeOf(child.name) === 'image'
      ? [child]
      : flatten(child.children),
  )

/** The order of marks, from the outside in, so that the same text always looks the same. */
const markOrder: readonly string[] = [
  'customMark',
  'comment',
  'link',
  'textStyle',
  'highlight',
  'bold',
  'italic',
  'underline',
  'strike',
  'subscript',
  'superscript',
  'code',
]

/** Only of these may several lie on the same text; of the others the innermost counts. */
const severalPerText: ReadonlySet<string> = new Set(['comment', 'customMark'])

const toMarks = (marks: readonly RawMark[]): readonly Mark[] => {
  const byKey = new Map(
    marks.map(toMark).map((mark) => [severalPerText.has(mark.type) ? stable(mark) : mark.type, mark]),
  )
  return [...byKey]
    .sort(
      ([a, one], [b, other]) =>
        markOrder.indexOf(one.type) - markOrder.indexOf(other.type) || (a < b ? -1 : 1),
    )
    .map(([, mark]) => mark)
}

const toMark = ({ name, attrs }: RawMark): Mark => {
  const type = markTypeOf(name)
  if (type === undefined) return { type: 'customMark', name, attrs }
  if (type === 'link') return { type, attrs: attributes.linkAttributes(attrs) }
  if (type === 'comment') return { type, attrs: attributes.commentAttributes(attrs) }
  return { type, attrs }
}

/** Text of one kind in one piece, well-formed, in whatever pieces it was stored. */
const mergeTexts = (inlines: readonly Inline[]): Inline[] => {
  const merged: Inline[] = []
  for (const inline of inlines) {
    const last = merged.at(-1)
    if (inline.type === 'text' && last?.type === 'text' && sameMarks(inline.marks, last.marks)) {
      merged[merged.length - 1] = { ...last, text: last.text + inline.text }
    } else merged.push(inline)
  }
  return merged.map((inline) =>
    inline.type === 'text' && !inline.text.isWellFormed()
      ? { ...inline, text: inline.text.toWellFormed() }
      : inline,
  )
}

const sameMarks = (a: readonly Mark[], b: readonly Mark[]): boolean =>
  a.length === b.length && (a.length === 0 || stable(a) === stable(b))

/** JSON with its names in order, so that equal values have equal text. */
export const stable = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
