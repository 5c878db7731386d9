import * as Y from 'yjs'
import { RawBuilder, type RawElement, type RawMark } from '../RawBuilder.ts'
import type { TreeLimits } from '../limits.ts'
import { tidyAttributes } from '../json-value.ts'
import { entriesOf, isXmlElement, piecesOf, type Piece, type YjsType } from './yjs.ts'

/** Reads what y-prosemirror stores (Tiptap, ProseMirror, BlockNote): elements, and text whose attributes are marks. */
export const readXml = (root: YjsType, limits: TreeLimits): RawElement => {
  const builder = new RawBuilder(limits)
  const stack: { pieces: Iterator<Piece>; isElement: boolean }[] = [
    { pieces: piecesOf(root), isElement: false },
  ]
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const { value: piece, done } = top.pieces.next()
    if (done) {
      if (top.isElement) builder.close()
      stack.pop()
    } else if ('text' in piece) builder.text(piece.text, toRawMarks(piece.format))
    else if ('embed' in piece) addEmbed(builder, piece.embed, piece.format)
    else {
      const { type, format } = piece
      const name = nameOf(type)
      const isElement = name !== undefined
      if (isElement) builder.open(name, entriesOf(type), toRawMarks(format))
      stack.push({ pieces: piecesOf(type), isElement })
    }
  }
  return builder.root
}

const nameOf = (type: YjsType): string | undefined => {
  if (isXmlElement(type)) return type.nodeName || 'undefined'
  return (type as unknown) instanceof Y.XmlHook ? (type as unknown as Y.XmlHook).hookName : undefined
}

/** Marks that may overlap themselves are stored under `name--hash`. */
const hashedMark = /^(.+)--[\w+/=-]{8}$/
export const markName = (key: string): string => hashedMark.exec(key)?.[1] ?? key

export const toRawMarks = (format: Record<string, unknown>): RawMark[] =>
  Object.entries(format)
    .filter(([key, value]) => value !== null && value !== undefined && key !== 'ychange')
    .map(([key, value]) => ({ name: markName(key), attrs: markAttributes(value) }))

const markAttributes = (value: unknown): RawMark['attrs'] => {
  if (typeof value === 'object' && value !== null) {
    return tidyAttributes(value as Record<string, unknown>).attrs
  }
  return value === true || value === '' ? {} : tidyAttributes({ value }).attrs
}

const addEmbed = (builder: RawBuilder, embed: unknown, format: Record<string, unknown>): void => {
  const marks = toRawMarks(format)
  if (typeof embed === 'string') builder.text(embed, marks)
  else if (typeof embed === 'object' && embed !== null) {
    const image = (embed as Record<string, unknown>)['image']
    if (typeof image === 'string') builder.leaf('image', { src: image }, marks)
    else builder.leaf('embed', { value: embed }, marks)
  }
}
