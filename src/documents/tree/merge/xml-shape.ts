import { createHash } from 'node:crypto'
import * as Y from 'yjs'
import { tidyAttributes } from '../json-value.ts'
import { stable } from '../normalise.ts'
import { markName, toRawMarks } from '../read/xml.ts'
import { entriesOf, isXmlElement, piecesOf, type YjsType } from '../read/yjs.ts'
import type { Attributes } from '../tree.ts'
import type { ProseMirrorNode } from '../write/json.ts'
import type { Format, FormatEntry, Run } from './text-delta.ts'

/** An element or a text as y-prosemirror stores it; `key` is equal for equal content. */
export type Shape = ElementShape | TextShape

export interface ElementShape {
  readonly name: string
  readonly attrs: Attributes
  readonly children: readonly Shape[]
  readonly key: string
  /** The stored element; undefined when it is to be made. */
  readonly type?: Y.XmlElement
}

export interface TextShape {
  readonly runs: readonly Run[]
  readonly key: string
  readonly type?: Y.XmlText
}

export const isTextShape = (shape: Shape): shape is TextShape => 'runs' in shape

/** Attributes that name a block and say nothing of its content: a block that is replaced keeps its own. */
const identities: ReadonlySet<string> = new Set(['id'])

/** Levels past which stored elements are replaced as a whole. */
const maxDepth = 500

/** Whether an attribute is as good as absent. */
export type IsDefault = (name: string, value: unknown) => boolean

/** The children of a stored element. */
export const storedShapes = (parent: YjsType, isDefault: IsDefault = () => false, depth = 0): Shape[] => {
  const shapes: Shape[] = []
  for (const piece of piecesOf(parent)) {
    if (!('type' in piece)) continue
    const { type } = piece
    if (isXmlElement(type)) {
      const { attrs: all } = tidyAttributes(entriesOf(type))
      const attrs = Object.fromEntries(Object.entries(all).filter(([name, value]) => !isDefault(name, value)))
      const children = depth < maxDepth ? storedShapes(type, isDefault, depth + 1) : []
      const name = type.nodeName
      const key = depth < maxDepth ? elementKey(name, attrs, children) : `deep ${shapes.length}`
      shapes.push({ name, attrs, children, key, type })
    } else if (type instanceof Y.Text) {
      const runs = storedRuns(type as unknown as YjsType)
      shapes.push({ runs, key: textKey(runs), type: type as Y.XmlText })
    } else
      shapes.push({ name: '', attrs: {}, children: [], key: `foreign ${shapes.length}`, type: type as never })
  }
  return shapes
}

export const storedRuns = (type: YjsType): Run[] => {
  const runs: Run[] = []
  for (const piece of piecesOf(type)) {
    const { format } = piece
    if ('text' in piece) runs.push({ insert: piece.text, format })
    else if ('type' in piece) runs.push({ insert: { nested: runs.length }, format })
    else runs.push({ insert: Object(piece.embed) as object, format })
  }
  return runs
}

/** What is to be stored for nodes of ProseMirror's JSON. */
export const wantedShapes = (nodes: readonly ProseMirrorNode[], hashed: ReadonlySet<string>): Shape[] => {
  const shapes: Shape[] = []
  let runs: Run[] = []
  const flush = (): void => {
    if (runs.length > 0) shapes.push({ runs, key: textKey(runs) })
    runs = []
  }
  for (const node of nodes) {
    if (node.type === 'text')
      runs.push({ insert: node.text ?? '', format: toFormat(node.marks ?? [], hashed) })
    else {
      flush()
      const { attrs } = tidyAttributes(node.attrs ?? {})
      const children = wantedShapes(node.content ?? [], hashed)
      shapes.push({ name: node.type, attrs, children, key: elementKey(node.type, attrs, children) })
    }
  }
  flush()
  return shapes
}

const elementKey = (name: string, attrs: Attributes, children: readonly Shape[]): string => {
  const content = Object.entries(attrs).filter(([attribute]) => !identities.has(attribute))
  // Keys of children may be long; their hash keeps the cost of deep documents linear.
  const inner = children.map(({ key }) => key).join('\n')
  return `${name} ${stable(Object.fromEntries(content))} ${inner.length > 200 ? hash(inner) : inner}`
}

const textKey = (runs: readonly Run[]): string => {
  const merged: [string | object, string][] = []
  for (const { insert, format } of runs) {
    const value = stable(
      Object.fromEntries(formatEntries(format).map(({ name, value }) => [`${name} ${value}`, value])),
    )
    const last = merged.at(-1)
    if (last && typeof insert === 'string' && typeof last[0] === 'string' && last[1] === value)
      last[0] += insert
    else merged.push([insert, value])
  }
  return merged.length === 0 ? '""' : stable(merged)
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64')

/** The attributes of text that are marks, as they are compared. */
export const formatEntries = (format: Format): FormatEntry[] =>
  Object.keys(format).flatMap((key) =>
    toRawMarks({ [key]: format[key] }).map(({ name, attrs }) => ({ key, name, value: stable(attrs) })),
  )

/** y-prosemirror stores a mark under its name; those that may overlap themselves, under the name and a hash. */
const toFormat = (
  marks: readonly { readonly type: string; readonly attrs?: Attributes }[],
  hashed: ReadonlySet<string>,
): Format => {
  const format: Record<string, unknown> = {}
  for (const { type, attrs = {} } of marks) {
    const isRepeated = marks.filter((mark) => mark.type === type).length > 1
    const suffix = hashed.has(type) || isRepeated ? `--${hash(stable(attrs)).slice(0, 8)}` : ''
    format[type + suffix] = attrs
  }
  return format
}

/** Names of the marks that are stored under a hash. */
export const hashedMarks = (shapes: readonly Shape[], found = new Set<string>()): ReadonlySet<string> => {
  for (const shape of shapes) {
    if (!isTextShape(shape)) hashedMarks(shape.children, found)
    else {
      for (const { format } of shape.runs) {
        for (const key of Object.keys(format)) if (markName(key) !== key) found.add(markName(key))
      }
    }
  }
  return found
}
