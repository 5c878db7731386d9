import * as Y from 'yjs'

/**
 * Yjs types as they are stored. The typed methods are not used, because the roots of a loaded document are untyped
 * until somebody names them, and naming one (`doc.getText(…)`) changes the document.
 */
export type YjsType = Y.AbstractType<unknown>

/** A piece of a type's content: text with the attributes that hold there, a nested type, or an embedded value. */
export type Piece =
  | { readonly text: string; readonly format: Record<string, unknown> }
  | { readonly type: YjsType; readonly format: Record<string, unknown> }
  | { readonly embed: unknown; readonly format: Record<string, unknown> }

/** What is in a type now, in its order. */
export function* piecesOf(type: YjsType): Generator<Piece> {
  let format: Record<string, unknown> = {}
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted) continue
    const { content } = item
    if (content instanceof Y.ContentString) yield { text: content.str, format }
    else if (content instanceof Y.ContentType) yield { type: content.type as YjsType, format }
    else if (content instanceof Y.ContentEmbed) yield { embed: content.embed, format }
    else if (content instanceof Y.ContentFormat) format = withFormat(format, content.key, content.value)
    else if (content instanceof Y.ContentAny) {
      for (const value of content.arr as unknown[]) yield { embed: value, format }
    }
  }
}

const withFormat = (
  format: Record<string, unknown>,
  key: string,
  value: unknown,
): Record<string, unknown> => {
  const next = { ...format }
  if (value === null) delete next[key]
  else next[key] = value
  return next
}

/** The entries of a map, or the attributes of an element, that are values and not types. */
export const entriesOf = (type: YjsType): Record<string, unknown> => {
  const entries: [string, unknown][] = []
  for (const [key, item] of type._map) {
    if (item.deleted || item.content instanceof Y.ContentType) continue
    entries.push([key, item.content.getContent()[item.length - 1]])
  }
  return Object.fromEntries(entries)
}

export const isXmlElement = (type: YjsType): type is Y.XmlElement & YjsType => type instanceof Y.XmlElement
