import type { MarkType } from './tree.ts'

/** Names that editors give to the nodes of the tree, besides the tree's own: ProseMirror's, BlockNote's, Lexical's. */
const nodeAliases = {
  paragraph: ['p'],
  heading: [],
  codeBlock: ['code_block', 'code', 'codeblock'],
  blockquote: ['quote', 'block_quote'],
  bulletList: ['bullet_list', 'unordered_list'],
  orderedList: ['ordered_list'],
  listItem: ['list_item', 'listitem'],
  taskList: ['task_list', 'todo_list', 'checkList'],
  taskItem: ['task_item', 'todo_item', 'checkListItem', 'check_list_item'],
  table: [],
  tableRow: ['table_row', 'tablerow'],
  tableCell: ['table_cell', 'tablecell'],
  tableHeader: ['table_header', 'table_header_cell'],
  horizontalRule: ['horizontal_rule', 'horizontalrule', 'divider', 'hr'],
  pageBreak: ['page_break', 'page-break', 'pagebreak'],
  image: ['img', 'imageBlock', 'image_block', 'inlineImage', 'resizableImage'],
  hardBreak: ['hard_break', 'linebreak', 'br'],
  mention: ['mention_node'],
} as const

export type NodeType = keyof typeof nodeAliases

const markAliases: Readonly<Record<MarkType, readonly string[]>> = {
  bold: ['strong', 'b'],
  italic: ['em', 'i'],
  underline: ['u'],
  strike: ['strikethrough', 's', 'del'],
  code: ['inlineCode', 'inline_code'],
  subscript: ['sub'],
  superscript: ['sup', 'super'],
  highlight: ['mark'],
  textStyle: ['text_style'],
  link: ['a'],
  comment: ['commentMark', 'comment_mark', 'liveblocksCommentMark', 'commentThread'],
}

const lookup = <T extends string>(aliases: Readonly<Record<T, readonly string[]>>): ReadonlyMap<string, T> =>
  new Map(
    (Object.entries(aliases) as [T, readonly string[]][]).flatMap(([type, names]) =>
      [type, ...names].map((name): [string, T] => [name, type]),
    ),
  )

const nodeTypes = lookup<NodeType>(nodeAliases)
const markTypes = lookup<MarkType>(markAliases)

export const nodeTypeOf = (name: string): NodeType | undefined => nodeTypes.get(name)
export const markTypeOf = (name: string): MarkType | undefined => markTypes.get(name)

const textBlocks: ReadonlySet<string> = new Set(['paragraph', 'heading', 'codeBlock'])
export const isTextBlockName = (name: string): boolean => textBlocks.has(nodeTypeOf(name) ?? '')

/** The names a document uses where they differ from the tree's own, by the tree's name of the node or mark. */
export type Names = Readonly<Partial<Record<NodeType | MarkType, string>>>

/** Names of the schema in ProseMirror's own examples (prosemirror-schema-basic, prosemirror-schema-list). */
export const proseMirrorNames: Names = {
  codeBlock: 'code_block',
  bulletList: 'bullet_list',
  orderedList: 'ordered_list',
  listItem: 'list_item',
  tableRow: 'table_row',
  tableCell: 'table_cell',
  tableHeader: 'table_header',
  horizontalRule: 'horizontal_rule',
  hardBreak: 'hard_break',
  bold: 'strong',
  italic: 'em',
}
