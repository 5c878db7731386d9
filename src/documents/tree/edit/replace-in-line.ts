import { stable } from '../normalise.ts'
import { readMarkdown } from '../read/markdown.ts'
import type { Block, DocumentTree, Inline, Mark, Text } from '../tree.ts'
import { onlyPlace, placesOf } from './places.ts'

type Line = readonly Inline[]

/**
 * Replaces a text that lies within one block; what takes its place has the marks that the text began with, and its own.
 *
 * @returns undefined when no block holds the text, or when more than a part of a line is to take its place
 * @throws {CodraftError} CODRAFT_EDIT_INVALID when the document has it more than once
 */
export const replaceInLine = (tree: DocumentTree, find: string, source: string): DocumentTree | undefined => {
  const places = linesOf(tree.content).flatMap((line) => placesOf(textOf(line), find))
  if (places.length === 0) return undefined
  onlyPlace(places, 'text')
  const replacement = readLine(source)
  if (!replacement) return undefined
  const replaceIn = (line: Line, isCode: boolean): Line => {
    const [at] = placesOf(textOf(line), find)
    if (at === undefined) return line
    const marks = slice(line, at, at + 1)[0]?.marks ?? []
    const inserted = isCode ? plain(source) : replacement
    return [
      ...slice(line, 0, at),
      ...inserted.map((inline) => ({ ...inline, marks: union(marks, inline.marks) })),
      ...slice(line, at + find.length, Number.POSITIVE_INFINITY),
    ]
  }
  return { type: 'doc', content: mapLines(tree.content, replaceIn) }
}

/** Replaces a block, outside lists and tables, that holds just this text. Returns undefined when there is none. */
export const replaceBlock = (
  { content }: DocumentTree,
  find: string,
  source: string,
): DocumentTree | undefined => {
  const at = content.findIndex(
    (block) => lineTypes.has(block.type) && linesOf([block]).some((line) => textOf(line) === find),
  )
  return at < 0
    ? undefined
    : { type: 'doc', content: content.toSpliced(at, 1, ...readMarkdown(source).content) }
}

/** Markdown that is part of a line; the spaces around it, which Markdown drops, are kept. */
const readLine = (source: string): Line | undefined => {
  const { content } = readMarkdown(source)
  const [block, ...others] = content
  if (block === undefined) return plain(source)
  if (block.type !== 'paragraph' || others.length > 0) return undefined
  const [, before = '', after = ''] = /^(\s*)[^]*?(\s*)$/.exec(source) ?? []
  return [...plain(before), ...block.content, ...plain(after)]
}

const plain = (text: string): Line => (text === '' ? [] : [{ type: 'text', text, marks: [] }])

const union = (outer: readonly Mark[], own: readonly Mark[]): Mark[] => {
  const known = new Set(own.map(stable))
  return [...outer.filter((mark) => !known.has(stable(mark))), ...own]
}

/** The text of a line, with U+FFFC for whatever is not text. */
const textOf = (line: Line): string =>
  line.map((inline) => (inline.type === 'text' ? inline.text : '\ufffc')).join('')

const slice = (line: Line, from: number, to: number): Inline[] => {
  let start = 0
  return line.flatMap((inline): Inline[] => {
    const length = inline.type === 'text' ? inline.text.length : 1
    const [first, last] = [Math.max(0, from - start), Math.min(length, to - start)]
    start += length
    if (first >= last) return []
    return inline.type === 'text'
      ? [{ ...inline, text: inline.text.slice(first, last) } satisfies Text]
      : [inline]
  })
}

type Holder = { readonly type: string; readonly content?: readonly unknown[] }

const lineTypes: ReadonlySet<string> = new Set(['paragraph', 'heading', 'codeBlock', 'customText'])

const mapLines = (blocks: readonly Block[], map: (line: Line, isCode: boolean) => Line): Block[] => {
  const visit = (node: Holder): Holder => {
    if (node.content === undefined) return node
    const content = lineTypes.has(node.type)
      ? map(node.content as Line, node.type === 'codeBlock')
      : (node.content as readonly Holder[]).map(visit)
    return { ...node, content }
  }
  return blocks.map((block) => visit(block) as Block)
}

const linesOf = (blocks: readonly Block[]): Line[] => {
  const lines: Line[] = []
  mapLines(blocks, (line) => {
    lines.push(line)
    return line
  })
  return lines
}
