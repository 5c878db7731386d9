import { XmlElement, XmlText, type XmlFragment } from 'yjs'
import { Delta, type Op } from '../delta.ts'
import { changeInline, setAttributes } from './inline.ts'
import type { Line } from './lines.ts'
import { hasText, type Piece, type Plan, type PlannedLine } from './plan.ts'
import { isAtom, isItem, isRemovable, isTextBlockName, type Attributes } from './schema.ts'

type Container = XmlFragment | XmlElement

/**
 * Makes the planned lines of the old ones. An element stays where the first text of its line stays, so that others
 * who write in it at the same time keep their place; all else is moved by copying.
 */
export const applyPlan = (fragment: XmlFragment, lines: readonly Line[], plan: Plan): void => {
  const hosts = chooseHosts(lines, plan)
  const hosted = new Set(hosts)
  // Taken before anything changes: what moves is copied from here.
  const contents = plan.lines.map(({ pieces }, index) => inlineOps(lines, pieces, hosts[index]))
  let previous = lines[plan.first - 1]?.element
  for (const [index, planned] of plan.lines.entries()) {
    const host = hosts[index]
    const ops = contents[index] as Op[]
    let element: XmlElement
    if (host === undefined) {
      element = addLine(fragment, previous, newAttributes(lines, planned))
      changeInline(element, ops)
    } else {
      ;({ element } = lines[host] as Line)
      changeInline(element, ops)
      element = changeBlock(element, hostAttributes(planned, host), lines[host] as Line)
    }
    previous = element
  }
  for (let line = plan.first; line < plan.last; line++) {
    if (!hosted.has(line)) removeLine((lines[line] as Line).element)
  }
}

/** The old line whose element each new line takes: that of its first text, else that of its end. */
const chooseHosts = (lines: readonly Line[], plan: Plan): (number | undefined)[] => {
  const taken = new Set<number>()
  const take = (line: number | undefined): number | undefined => {
    if (line === undefined || taken.has(line)) return undefined
    taken.add(line)
    return line
  }
  // A line that has text of its own goes before one that has only an end.
  const byText = plan.lines.map(({ pieces }) => take(pieces.find((piece) => 'line' in piece)?.line))
  return plan.lines.map(({ pieces, end }, index) => {
    const host = byText[index]
    if (host !== undefined || pieces.some((piece) => 'line' in piece)) return host
    const line = end === undefined ? undefined : lines[end]
    return line && (hasText(line) || pieces.length === 0) ? take(end) : undefined
  })
}

/** The content of a new line as a change of the content of its host. */
const inlineOps = (lines: readonly Line[], pieces: readonly Piece[], host: number | undefined): Op[] => {
  const change = new Delta()
  let at = 0
  for (const piece of pieces) {
    if ('insert' in piece) change.push({ insert: piece.insert, attributes: withoutNulls(piece.marks) })
    else if (piece.line === host) {
      change.delete(piece.from - at).retain(piece.to - piece.from, stored(piece.marks))
      at = piece.to
    } else {
      const copied = (lines[piece.line] as Line).content.slice(piece.from, piece.to)
      for (const op of copied.ops) {
        change.push({
          insert: op.insert as string,
          attributes: withoutNulls({ ...stored(op.attributes), ...piece.marks }),
        })
      }
    }
  }
  if (host !== undefined) change.delete((lines[host] as Line).content.length() - at)
  return change.ops
}

/** Marks as the document stores them. */
const stored = (marks: Attributes | undefined): Record<string, unknown> =>
  Object.fromEntries(Object.entries(marks ?? {}).map(([name, value]) => [name, value === true ? {} : value]))

const withoutNulls = (marks: Attributes): Record<string, unknown> =>
  Object.fromEntries(Object.entries(marks).filter(([, value]) => value !== null))

/** What the block of a new element is like. */
const newAttributes = (lines: readonly Line[], { attributes, end, at, pieces }: PlannedLine): Attributes => {
  const given = attributes['block'] as string | undefined
  if (given !== undefined) return isAtom(given) && pieces.length > 0 ? { block: 'paragraph' } : attributes
  const { id: _, ...model } = lines[end ?? at]?.attributes ?? {}
  const name = model['block'] as string | undefined
  const isMoved = pieces.some((piece) => 'line' in piece)
  // After a heading one goes on with a paragraph, unless a part of the heading itself has moved.
  const isParagraph = name === undefined || !isTextBlockName(name) || (name === 'heading' && !isMoved)
  const kept = isParagraph ? { block: 'paragraph' } : model
  const { in: __, ...rest } = kept as Record<string, unknown>
  return { ...rest, ...attributes }
}

/** What the change says of the block of a host; its end may be that of another line, which then says nothing. */
const hostAttributes = ({ attributes, end }: PlannedLine, host: number): Attributes =>
  end === undefined || end === host || attributes['block'] !== undefined ? attributes : {}

/** The element with other attributes; another one when the name of its node has to change, which cannot. */
const changeBlock = (element: XmlElement, attributes: Attributes, line: Line): XmlElement => {
  const { block = element.nodeName, in: _, ...own } = attributes
  const parent = element.parent as Container
  const mustBeParagraph = parent instanceof XmlElement && isItem(parent.nodeName) && parent.get(0) === element
  if (
    block === element.nodeName ||
    (mustBeParagraph && block !== 'paragraph') ||
    !isTextBlockName(block as string)
  ) {
    setAttributes(element, own)
    return element
  }
  const other = new XmlElement(block as string)
  const { id } = line.attributes
  const content = contentToCopy(element)
  parent.insert(parent.toArray().indexOf(element), [other])
  setAttributes(other, { ...(id !== undefined && { id }), ...own })
  changeInline(other, content)
  parent.delete(parent.toArray().indexOf(element), 1)
  return other
}

const contentToCopy = (element: XmlElement): Op[] =>
  element
    .toArray()
    .flatMap((child): Op[] =>
      child instanceof XmlText
        ? (child.toDelta() as Op[])
        : child instanceof XmlElement
          ? [{ insert: { [child.nodeName]: child.getAttributes() } }]
          : [],
    )

/** Adds a block behind `previous`, or at the beginning. */
const addLine = (
  fragment: XmlFragment,
  previous: XmlElement | undefined,
  attributes: Attributes,
): XmlElement => {
  const { block, in: path, ...own } = attributes
  const parent = previous?.parent as Container | undefined
  const item = parent instanceof XmlElement && isItem(parent.nodeName) ? parent : undefined
  const wanted = path === undefined ? undefined : (path as string).split('/').filter(Boolean)
  const isNested = wanted !== undefined && wanted.length > 0
  const isSibling = item && (wanted === undefined || samePath(item, wanted))
  const added = new XmlElement(
    isSibling || (isNested && isItem(wanted.at(-1) as string)) ? 'paragraph' : (block as string),
  )
  if (isSibling) insertAfter(item, wrap(added, [item.nodeName]))
  else if (isNested && !(parent instanceof XmlElement && samePath(parent, wanted))) {
    insertAfterTop(fragment, previous, wrap(added, wanted))
  } else if (wanted !== undefined && !isNested) insertAfterTop(fragment, previous, added)
  else if (previous) insertAfter(previous, added)
  else fragment.insert(0, [added])
  const ignored = added.nodeName === block ? own : {}
  setAttributes(added, ignored)
  return added
}

const wrap = (element: XmlElement, names: readonly string[]): XmlElement => {
  let whole = element
  for (const name of names.toReversed()) {
    const around = new XmlElement(name)
    around.insert(0, [whole])
    whole = around
  }
  return whole
}

const insertAfter = (element: XmlElement, added: XmlElement): void => {
  const parent = element.parent as Container
  parent.insert(parent.toArray().indexOf(element) + 1, [added])
}

const insertAfterTop = (fragment: XmlFragment, element: XmlElement | undefined, added: XmlElement): void => {
  if (!element) {
    fragment.insert(0, [added])
    return
  }
  let top = element
  while (top.parent instanceof XmlElement) top = top.parent
  insertAfter(top, added)
}

const samePath = (element: XmlElement, path: readonly string[]): boolean => {
  let at: unknown = element
  for (const name of path.toReversed()) {
    if (!(at instanceof XmlElement) || at.nodeName !== name) return false
    at = at.parent
  }
  return !(at instanceof XmlElement)
}

/** Removes a block, and what is around it when nothing else is left there. */
const removeLine = (element: XmlElement): void => {
  const parent = element.parent as Container
  parent.delete(parent.toArray().indexOf(element), 1)
  if (!(parent instanceof XmlElement)) return
  if (parent.length === 0 && isRemovable(parent.nodeName)) removeLine(parent)
  else if (parent.length === 0 || (isItem(parent.nodeName) && !isParagraph(parent.get(0)))) {
    parent.insert(0, [new XmlElement('paragraph')])
  }
}

const isParagraph = (child: unknown): boolean => child instanceof XmlElement && child.nodeName === 'paragraph'
