import { CodraftError } from '../../../../extensions/errors.ts'
import { importLimits, type TreeLimits } from '../limits.ts'
import { normalise } from '../normalise.ts'
import { RawBuilder, type RawMark } from '../RawBuilder.ts'
import { tidyAttributes } from '../json-value.ts'
import type { DocumentTree } from '../tree.ts'

type JsonNode = Record<string, unknown>

/**
 * Reads the JSON of a ProseMirror or Tiptap document, `{ type: 'doc', content: […] }`.
 *
 * @throws {CodraftError} CODRAFT_CONTENT_INVALID, CODRAFT_CONTENT_TOO_LARGE
 */
export const readJson = (text: string, limits?: Partial<TreeLimits>): DocumentTree => {
  const source = parse(text)
  if (!isNode(source) || source['type'] !== 'doc') throw invalid('it is no node of type "doc"')
  const builder = new RawBuilder(importLimits(limits))
  const stack: { nodes: readonly unknown[]; next: number }[] = [{ nodes: childrenOf(source), next: 0 }]
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    if (top.next === top.nodes.length) {
      stack.pop()
      if (stack.length > 0) builder.close()
      continue
    }
    const node = top.nodes[top.next++]
    if (!isNode(node) || typeof node['type'] !== 'string') throw invalid('a node has no type')
    const marks = marksOf(node)
    if (node['type'] === 'text') {
      if (typeof node['text'] !== 'string') throw invalid('a text node has no text')
      builder.text(node['text'], marks)
    } else {
      builder.open(node['type'], isNode(node['attrs']) ? node['attrs'] : {}, marks)
      stack.push({ nodes: childrenOf(node), next: 0 })
    }
  }
  return normalise(builder.root)
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new CodraftError('CODRAFT_CONTENT_INVALID', 'it is no JSON', { cause })
  }
}

const isNode = (value: unknown): value is JsonNode =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const childrenOf = (node: JsonNode): readonly unknown[] => {
  const content = node['content']
  if (content === undefined || content === null) return []
  if (!Array.isArray(content)) throw invalid('the content of a node is no array')
  return content
}

const marksOf = (node: JsonNode): RawMark[] => {
  const marks = node['marks'] ?? []
  if (!Array.isArray(marks)) throw invalid('the marks of a node are no array')
  return marks.map((mark: unknown) => {
    if (!isNode(mark) || typeof mark['type'] !== 'string') throw invalid('a mark has no type')
    const { attrs } = mark
    return { name: mark['type'], attrs: isNode(attrs) ? tidyAttributes(attrs).attrs : {} }
  })
}

const invalid = (detail: string): CodraftError => new CodraftError('CODRAFT_CONTENT_INVALID', detail)
