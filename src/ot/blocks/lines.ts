import { XmlElement, XmlText, type XmlFragment } from 'yjs'
import { Delta, normal, type Op } from '../delta.ts'
import { fromMark, isTextBlockName, type Attributes } from './schema.ts'

/** A block of text, or one without text such as a rule: one line of the document. */
export interface Line {
  readonly element: XmlElement
  readonly content: Delta
  /** Of the line's end: `block`, the name of its node; `in`, the nodes around it; and the node's own attributes. */
  readonly attributes: Attributes
}

export const lengthOf = ({ content }: Line): number => content.length() + 1

type Container = XmlFragment | XmlElement

export const isTextBlock = (element: XmlElement): boolean =>
  isTextBlockName(element.nodeName) || element.toArray().some((child) => child instanceof XmlText)

/** The lines of a document. `before` = lines that may be taken over where the element is not in `changed`. */
export const readLines = (
  fragment: XmlFragment,
  before: ReadonlyMap<XmlElement, Line> = new Map(),
  changed: ReadonlySet<unknown> = new Set(),
): Line[] => {
  const lines: Line[] = []
  const walk = (container: Container, path: string, isChanged: boolean): void => {
    for (const child of container.toArray()) {
      if (!(child instanceof XmlElement)) continue
      const hasChanged = isChanged || changed.has(child)
      const isContainer = child.length > 0 && !isTextBlock(child)
      if (isContainer) walk(child, path === '' ? child.nodeName : `${path}/${child.nodeName}`, hasChanged)
      else {
        const known = before.get(child)
        lines.push(known && !hasChanged ? known : readLine(child, path))
      }
    }
  }
  walk(fragment, '', false)
  return lines
}

export const readLine = (element: XmlElement, path: string): Line => ({
  element,
  content: readInline(element),
  attributes: {
    ...(element.getAttributes() as Attributes),
    block: element.nodeName,
    ...(path !== '' && { in: path }),
  },
})

const readInline = (element: XmlElement): Delta => {
  const ops: Op[] = []
  for (const child of element.toArray()) {
    if (child instanceof XmlText) ops.push(...(child.toDelta() as Op[]).map(shown))
    else if (child instanceof XmlElement) ops.push({ insert: { [child.nodeName]: child.getAttributes() } })
  }
  return normal(ops)
}

/** An op of the text within a block, with marks as JSON clients see them. */
export const shown = (op: Op): Op =>
  op.attributes
    ? {
        ...op,
        attributes: Object.fromEntries(
          Object.entries(op.attributes).map(([name, value]) => [name, fromMark(value)]),
        ),
      }
    : op

export const contentOf = (lines: readonly Line[]): Delta => {
  const whole = new Delta()
  for (const { content, attributes } of lines) {
    for (const op of content.ops) whole.push(op)
    whole.insert('\n', attributes)
  }
  return whole
}

/** The change that leads from some lines to others. */
export const changeOfLines = (from: readonly Line[], to: readonly Line[]): Delta => {
  const shorter = Math.min(from.length, to.length)
  let start = 0
  while (start < shorter && from[start] === to[start]) start += 1
  let end = 0
  while (end < shorter - start && from.at(-1 - end) === to.at(-1 - end)) end += 1
  const change = new Delta().retain(from.slice(0, start).reduce((sum, line) => sum + lengthOf(line), 0))
  const old = from.slice(start, from.length - end)
  const places = new Map(old.map(({ element }, index) => [element, index]))
  let next = 0
  for (const line of to.slice(start, to.length - end)) {
    const place = places.get(line.element)
    if (place === undefined || place < next) {
      for (const op of line.content.ops) change.push(op)
      change.insert('\n', line.attributes)
      continue
    }
    for (; next < place; next++) change.delete(lengthOf(old[next] as Line))
    const known = old[next++] as Line
    for (const op of changeOfLine(known, line).ops) change.push(op)
  }
  for (; next < old.length; next++) change.delete(lengthOf(old[next] as Line))
  return change.chop()
}

const changeOfLine = (from: Line, to: Line): Delta => {
  const change = from.content === to.content ? new Delta() : from.content.diff(to.content)
  const spanned = change.ops.reduce(
    (sum, op) => sum + (op.delete ?? (op.retain as number | undefined) ?? 0),
    0,
  )
  const end = new Delta().insert('\n', from.attributes).diff(new Delta().insert('\n', to.attributes))
  change.retain(from.content.length() - spanned)
  return change.concat(end.ops.length > 0 ? end : new Delta().retain(1))
}
