import * as Y from 'yjs'
import { stable } from '../normalise.ts'
import type { YjsType } from '../read/yjs.ts'
import type { ProseMirrorNode } from '../write/json.ts'
import { align } from './align.ts'
import { textDelta, type Run } from './text-delta.ts'
import {
  formatEntries,
  hashedMarks,
  isTextShape,
  storedShapes,
  wantedShapes,
  type ElementShape,
  type IsDefault,
  type Shape,
  type TextShape,
} from './xml-shape.ts'

/** Changes what y-prosemirror stores into these nodes; elements and text that stay the same are not touched. */
export const mergeXml = (
  fragment: Y.XmlFragment,
  nodes: readonly ProseMirrorNode[],
  isDefault?: IsDefault,
): void => {
  const stored = storedShapes(fragment as unknown as YjsType, isDefault)
  mergeChildren(fragment, stored, wantedShapes(nodes, hashedMarks(stored)))
}

const mergeChildren = (parent: Y.XmlFragment, stored: readonly Shape[], wanted: readonly Shape[]): void => {
  let index = 0
  let next = 0
  // Neighbours are inserted together: each call looks for its place anew.
  let fresh: (Y.XmlElement | Y.XmlText)[] = []
  const insert = (): void => {
    if (fresh.length > 0) parent.insert(index - fresh.length, fresh)
    fresh = []
  }
  for (const { from, to, isSame } of align(stored, wanted, likeness)) {
    if (from === undefined) fresh.push(create(to))
    else {
      insert()
      const place = stored.indexOf(from, next)
      if (place > next) parent.delete(index, place - next)
      next = place + 1
      if (!isSame) update(from, to)
    }
    index++
  }
  insert()
  if (stored.length > next) parent.delete(index, stored.length - next)
}

const update = (from: Shape, to: Shape): void => {
  if (isTextShape(from)) updateText(from, to as TextShape)
  else updateElement(from, to as ElementShape)
}

const updateText = ({ type, runs }: TextShape, to: TextShape): void => {
  const delta = textDelta(runs, to.runs, formatEntries)
  if (delta.length > 0) type?.applyDelta(delta, { sanitize: false })
}

const updateElement = ({ type, attrs, children }: ElementShape, to: ElementShape): void => {
  if (!type) return
  for (const [name, value] of Object.entries(to.attrs)) {
    if (name === 'id' && attrs['id'] !== undefined) continue
    if (stable(attrs[name] ?? null) !== stable(value ?? null)) type.setAttribute(name, value as string)
  }
  for (const name of Object.keys(attrs)) if (!(name in to.attrs) && name !== 'id') type.removeAttribute(name)
  mergeChildren(type, children, to.children)
}

const create = (shape: Shape): Y.XmlElement | Y.XmlText => {
  if (isTextShape(shape)) {
    const text = new Y.XmlText()
    text.applyDelta(
      shape.runs.map(({ insert, format }) => ({ insert, attributes: { ...format } })),
      { sanitize: false },
    )
    return text
  }
  const element = new Y.XmlElement(shape.name)
  for (const [name, value] of Object.entries(shape.attrs)) element.setAttribute(name, value as string)
  element.insert(0, shape.children.map(create))
  return element
}

/** Elements of one name may be made of each other; the more of their text they share, the better. */
const likeness = (from: Shape, to: Shape): number => {
  if (isTextShape(from) || isTextShape(to)) return isTextShape(from) && isTextShape(to) && from.type ? 1 : 0
  if (from.name !== to.name || !from.type) return 0
  const [a, b] = [textOf(from), textOf(to)]
  const longest = Math.max(a.length, b.length)
  if (longest === 0) return 0.5
  let same = 0
  while (same < a.length && same < b.length && a[same] === b[same]) same++
  let end = 0
  while (end < a.length - same && end < b.length - same && a.at(-1 - end) === b.at(-1 - end)) end++
  return 0.01 + (0.99 * (same + end)) / longest
}

/** The beginning of the text in a shape; more is not weighed. */
const textOf = (shape: Shape, limit = 1000): string => {
  if (isTextShape(shape)) return runsText(shape.runs).slice(0, limit)
  let text = ''
  for (const child of shape.children) {
    if (text.length >= limit) break
    text += textOf(child, limit - text.length)
  }
  return text
}
const runsText = (runs: readonly Run[]): string =>
  runs.map(({ insert }) => (typeof insert === 'string' ? insert : '')).join('')
