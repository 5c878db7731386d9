import * as Y from 'yjs'
import { documentLimits } from '../limits.ts'
import { normalise, stable } from '../normalise.ts'
import { lexicalFormats, readLexical, styleNames } from '../read/lexical.ts'
import { piecesOf, type YjsType } from '../read/yjs.ts'
import type { Block, DocumentTree, Inline, ListItem, Mark, TaskItem } from '../tree.ts'
import { inlineText } from '../write/plain.ts'
import { align } from './align.ts'

/** Changes a Lexical document into the tree. Blocks that stay the same are not touched; others are replaced as a whole. */
export const mergeLexical = (root: Y.XmlText, tree: DocumentTree): void => {
  const stored = storedBlocks(root)
  const wanted = tree.content.map((block) => ({ key: stable([block]), block }))
  let index = 0
  let next = 0
  for (const { from, to } of align(stored, wanted, () => 0)) {
    if (from === undefined) root.insertEmbed(index, createBlock(to.block))
    else {
      const place = stored.indexOf(from, next)
      if (place > next) root.delete(index, place - next)
      next = place + 1
    }
    index++
  }
  if (stored.length > next) root.delete(index, stored.length - next)
}

/** One entry for each unit of the root's length. */
const storedBlocks = (root: Y.XmlText): { key: string }[] => {
  const blocks: { key: string }[] = []
  for (const piece of piecesOf(root as unknown as YjsType)) {
    if ('type' in piece) blocks.push({ key: blockKey(piece.type) })
    else if ('text' in piece)
      for (let unit = 0; unit < piece.text.length; unit++) blocks.push({ key: 'text' })
    else blocks.push({ key: 'embed' })
  }
  return blocks
}

const blockKey = (type: YjsType): string =>
  stable(normalise(readLexical(type, documentLimits(), { isWhole: true })).content)

const createBlock = (block: Block): Y.XmlText | Y.XmlElement => {
  switch (block.type) {
    case 'paragraph':
    case 'customText':
      return line('paragraph', block.content, lineProperties(block.attrs))
    case 'heading':
      return line('heading', block.content, {
        ...lineProperties(block.attrs),
        __tag: `h${block.attrs.level}`,
      })
    case 'codeBlock':
      return line('code', linesOf(inlineText(block.content)), { __language: block.attrs.language })
    case 'blockquote':
      return line('quote', joinLines(block.content))
    case 'bulletList':
      return list('bullet', block.content)
    case 'orderedList':
      return list('number', block.content, block.attrs.start)
    case 'taskList':
      return list('check', block.content)
    case 'table':
      return element(
        'table',
        {},
        block.content.map((row) => element('tablerow', {}, row.content.map(cell))),
      )
    case 'horizontalRule':
      return decorator('horizontalrule')
    case 'pageBreak':
      return decorator('page-break')
    case 'image':
      return line('paragraph', [{ ...block, marks: [] }])
    case 'customBlock':
      return element('quote', {}, block.content.map(createBlock))
  }
}

type LexicalChild = Y.XmlText | Y.XmlElement

const list = (listType: string, items: readonly (ListItem | TaskItem)[], start = 1): Y.XmlText => {
  const properties = { __listType: listType, __tag: listType === 'number' ? 'ol' : 'ul', __start: start }
  const children: LexicalChild[] = []
  let value = start
  for (const item of items) {
    const nested = item.content.filter(({ type }) => type.endsWith('List'))
    const text = joinLines(item.content.filter(({ type }) => !type.endsWith('List')))
    const checked = item.type === 'taskItem' ? { __checked: item.attrs.checked } : {}
    children.push(line('listitem', text, { __value: value++, ...checked }))
    // A nested list is in an item of its own.
    for (const inner of nested) children.push(element('listitem', { __value: value }, [createBlock(inner)]))
  }
  return element('list', properties, children)
}

const cell = ({
  type,
  attrs,
  content,
}: {
  type: string
  attrs: { colspan: number; rowspan: number }
  content: readonly Block[]
}): Y.XmlText => {
  const properties = {
    __headerState: type === 'tableHeader' ? 1 : 0,
    __colSpan: attrs.colspan,
    __rowSpan: attrs.rowspan,
  }
  return element('tablecell', properties, content.map(createBlock))
}

const joinLines = (blocks: readonly Block[]): Inline[] =>
  blocks.flatMap((block, index) => {
    const content = 'content' in block && isLine(block) ? block.content : []
    return index === 0 ? [...content] : [lineBreak, ...content]
  })
const isLine = (
  block: Block,
): block is Extract<Block, { type: 'paragraph' | 'heading' | 'codeBlock' | 'customText' }> =>
  ['paragraph', 'heading', 'codeBlock', 'customText'].includes(block.type)
const lineBreak: Inline = { type: 'hardBreak', attrs: {}, marks: [] }
const linesOf = (text: string): Inline[] =>
  text
    .split('\n')
    .flatMap((part, index): Inline[] => [
      ...(index === 0 ? [] : [lineBreak]),
      ...(part === '' ? [] : [{ type: 'text', text: part, marks: [] } as const]),
    ])

const lineProperties = (attrs: {
  readonly textAlign?: string
  readonly dir?: string
}): Record<string, unknown> => ({
  __format: ['', 'left', 'center', 'right', 'justify'].indexOf(attrs.textAlign ?? ''),
  __dir: attrs.dir === 'auto' ? null : (attrs.dir ?? null),
})

const element = (
  type: string,
  properties: Record<string, unknown>,
  children: readonly LexicalChild[],
): Y.XmlText => {
  const text = withProperties(new Y.XmlText(), { __type: type, ...properties })
  for (const [index, child] of children.entries()) text.insertEmbed(index, child)
  return text
}

const decorator = (type: string, properties: Record<string, unknown> = {}): Y.XmlElement =>
  withProperties(new Y.XmlElement(), { __type: type, ...properties })

const withProperties = <T extends Y.XmlText | Y.XmlElement>(
  type: T,
  properties: Record<string, unknown>,
): T => {
  for (const [name, value] of Object.entries(properties)) {
    if (value !== undefined) type.setAttribute(name, value)
  }
  return type
}

const line = (
  type: string,
  inlines: readonly Inline[],
  properties: Record<string, unknown> = {},
): Y.XmlText => {
  const text = withProperties(new Y.XmlText(), { __type: type, ...properties })
  let length = 0
  const add = (child: Y.XmlText | Y.XmlElement | Y.Map<unknown>): void => text.insertEmbed(length++, child)
  for (const inline of inlines) {
    const link = inline.marks.find((mark) => mark.type === 'link')
    if (link) {
      const marks = inline.marks.filter((mark) => mark !== link)
      const title = link.attrs['title'] ?? null
      add(
        line('link', [{ ...inline, marks }], {
          __url: link.attrs['href'],
          __title: title,
          __rel: 'noreferrer',
        }),
      )
    } else if (inline.type === 'hardBreak') add(new Y.Map(Object.entries({ __type: 'linebreak' })))
    else if (inline.type === 'image') {
      add(decorator('image', { __src: inline.attrs.src, __altText: inline.attrs.alt ?? '' }))
    } else {
      const characters = inlineText([inline])
      if (characters === '') continue
      add(new Y.Map(Object.entries(textProperties(inline.marks))))
      text.insert(length, characters)
      length += characters.length
    }
  }
  return text
}

const textProperties = (marks: readonly Mark[]): Record<string, unknown> => {
  let format = 0
  for (const [bit, name] of lexicalFormats.entries())
    if (marks.some(({ type }) => type === name)) format |= 1 << bit
  const style = marks.find(({ type }) => type === 'textStyle')?.attrs ?? {}
  const css = Object.entries(styleNames).flatMap(([name, attribute]) =>
    typeof style[attribute] === 'string' ? [`${name}: ${style[attribute]};`] : [],
  )
  return { __type: 'text', __format: format, __style: css.join(' '), __mode: 0, __detail: 0 }
}
