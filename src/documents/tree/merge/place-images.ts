import type { Block, Image, Inline } from '../tree.ts'

/** Puts images where the document's schema has them: within lines, or as blocks between them. */
export const placeImages = (blocks: readonly Block[], inLines: boolean): Block[] => {
  const place = <T extends { readonly content: readonly Block[] }>(node: T): T => ({
    ...node,
    content: placeImages(node.content, inLines),
  })
  return blocks.flatMap((block): Block[] => {
    switch (block.type) {
      case 'image':
        return inLines ? [{ type: 'paragraph', attrs: {}, content: [{ ...block, marks: [] }] }] : [block]
      case 'paragraph':
      case 'heading':
        return inLines ? [block] : splitAtImages(block)
      case 'blockquote':
      case 'customBlock':
        return [place(block)]
      case 'bulletList':
      case 'orderedList':
        return [{ ...block, content: block.content.map(place) }]
      case 'taskList':
        return [{ ...block, content: block.content.map(place) }]
      case 'table':
        return [
          { ...block, content: block.content.map((row) => ({ ...row, content: row.content.map(place) })) },
        ]
      default:
        return [block]
    }
  })
}

const splitAtImages = <T extends Extract<Block, { type: 'paragraph' | 'heading' }>>(block: T): Block[] => {
  if (!block.content.some(({ type }) => type === 'image')) return [block]
  const blocks: Block[] = []
  let line: Inline[] = []
  const flush = (): void => {
    if (line.length > 0) blocks.push({ ...block, content: line })
    line = []
  }
  for (const inline of block.content) {
    if (inline.type !== 'image') line.push(inline)
    else {
      flush()
      const { marks: _, ...image } = inline
      blocks.push(image satisfies Image)
    }
  }
  flush()
  return blocks
}
