import type { Names } from '../names.ts'
import type { Attributes, DocumentTree, Mark, TreeNode } from '../tree.ts'

/** A node of ProseMirror's JSON. */
export interface ProseMirrorNode {
  readonly type: string
  readonly attrs?: Attributes
  readonly content?: readonly ProseMirrorNode[]
  readonly marks?: readonly { readonly type: string; readonly attrs?: Attributes }[]
  readonly text?: string
}

/**
 * Writes the JSON of a ProseMirror or Tiptap document.
 *
 * @param names the names of the document's own schema, where they are not Tiptap's
 */
export const writeJson = (tree: DocumentTree, names: Names = {}): ProseMirrorNode => ({
  type: 'doc',
  content: tree.content.map((node) => nodeJson(node, names)),
})

export const nodeJson = (node: TreeNode, names: Names): ProseMirrorNode => {
  const marks =
    'marks' in node && node.marks.length > 0 ? { marks: node.marks.map((mark) => markJson(mark, names)) } : {}
  if (node.type === 'text') return { type: 'text', text: node.text, ...marks }
  const { attrs } = node
  const type = 'name' in node ? node.name : (names[node.type] ?? node.type)
  return {
    type,
    ...(Object.keys(attrs).length > 0
      ? { attrs: type === proseMirrorList ? orderAttributes(attrs) : attrs }
      : {}),
    ...('content' in node && node.content.length > 0
      ? { content: node.content.map((child: TreeNode) => nodeJson(child, names)) }
      : {}),
    ...marks,
  }
}

/** ProseMirror's own list calls the first number `order`. */
const proseMirrorList = 'ordered_list'
const orderAttributes = ({ start, ...attrs }: Attributes): Attributes =>
  start === undefined ? attrs : { order: start, ...attrs }

const markJson = (mark: Mark, names: Names): { type: string; attrs?: Attributes } => {
  const type = mark.type === 'customMark' ? mark.name : (names[mark.type] ?? mark.type)
  return Object.keys(mark.attrs).length > 0 ? { type, attrs: mark.attrs } : { type }
}
