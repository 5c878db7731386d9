import { XmlElement, XmlText } from 'yjs'
import type { Op } from '../delta.ts'
import type { Attributes } from './schema.ts'

const sizeOf = (child: unknown): number => (child instanceof XmlText ? child.length : 1)

/** Applies a change to the text and the embeds of one block. */
export const changeInline = (element: XmlElement, ops: readonly Op[]): void => {
  let index = 0
  for (const { insert, delete: deleted, retain, attributes } of ops) {
    if (insert === undefined) {
      const length = deleted ?? (retain as number)
      if (deleted !== undefined) remove(element, index, length)
      else if (attributes) format(element, index, length, attributes)
      if (deleted === undefined) index += length
    } else if (typeof insert === 'string') {
      insertText(element, index, insert, attributes ?? {})
      index += insert.length
    } else {
      insertEmbed(element, index, insert)
      index += 1
    }
  }
}

/** The texts and embeds that a range touches, from the last to the first, with the part of each. */
const parts = (element: XmlElement, index: number, length: number) => {
  const found: { child: unknown; place: number; from: number; length: number }[] = []
  let start = 0
  for (const [place, child] of element.toArray().entries()) {
    const size = sizeOf(child)
    const from = Math.max(index, start)
    const to = Math.min(index + length, start + size)
    if (to > from) found.unshift({ child, place, from: from - start, length: to - from })
    start += size
  }
  return found
}

const remove = (element: XmlElement, index: number, length: number): void => {
  for (const { child, place, from, length: part } of parts(element, index, length)) {
    if (child instanceof XmlText) child.delete(from, part)
    else element.delete(place, 1)
  }
}

const format = (element: XmlElement, index: number, length: number, attributes: Attributes): void => {
  for (const { child, from, length: part } of parts(element, index, length)) {
    if (child instanceof XmlText) child.format(from, part, attributes)
  }
}

const insertText = (element: XmlElement, index: number, text: string, attributes: Attributes): void => {
  let start = 0
  let place = 0
  for (const child of element.toArray()) {
    const size = sizeOf(child)
    if (child instanceof XmlText && index <= start + size) {
      child.insert(index - start, text, attributes)
      return
    }
    if (index <= start) break
    start += size
    place += 1
  }
  const added = new XmlText()
  element.insert(place, [added])
  added.insert(0, text, attributes)
}

const insertEmbed = (element: XmlElement, index: number, embed: Record<string, unknown>): void => {
  const [[name, attributes] = ['', {}]] = Object.entries(embed)
  const added = new XmlElement(name)
  let start = 0
  let place = 0
  for (const child of element.toArray()) {
    const size = sizeOf(child)
    if (index <= start) break
    if (child instanceof XmlText && index < start + size) {
      const rest = (child.toDelta() as Op[]).length > 0 ? tailOf(child, index - start) : []
      child.delete(index - start, child.length - (index - start))
      const tail = new XmlText()
      element.insert(place + 1, [added, tail])
      tail.applyDelta(rest)
      setAttributes(added, attributes as Attributes)
      return
    }
    start += size
    place += 1
  }
  element.insert(place, [added])
  setAttributes(added, attributes as Attributes)
}

const tailOf = (text: XmlText, from: number): Op[] => {
  const ops: Op[] = []
  let start = 0
  for (const op of text.toDelta() as Op[]) {
    const value = op.insert as string
    if (start + value.length > from) ops.push({ ...op, insert: value.slice(Math.max(0, from - start)) })
    start += value.length
  }
  return ops
}

export const setAttributes = (element: XmlElement, attributes: Attributes): void => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) element.removeAttribute(name)
    else element.setAttribute(name, value as string)
  }
}
