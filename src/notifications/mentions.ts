import { ContentAny, ContentEmbed, ContentType, decodeUpdate, ID, Item, XmlElement } from 'yjs'

/** Names the elements of ProseMirror, Tiptap and BlockNote, and the embeds of Quill. */
const mentionName = 'mention'
/** The field of a comment, as `comment-threads.ts` writes it. */
const commentField = 'mentions'

const keyOf = ({ client, clock }: ID): string => `${client}:${clock}`

const idIn = (value: unknown): string | undefined => {
  const id = (value as { readonly id?: unknown } | null | undefined)?.id
  return typeof id === 'string' && id !== '' ? id : undefined
}

/**
 * The users that an update (V1) mentions, by what it inserts: elements or embeds named `mention` with an `id`, and
 * comments with `mentions`. Changes of what was there before, such as another text of a comment, mention nobody anew.
 */
export const mentionsIn = (update: Uint8Array): string[] => {
  const elements = new Set<string>()
  const ids = new Map<string, string>()
  const users = new Set<string>()
  for (const item of decodeUpdate(update).structs) {
    if (!(item instanceof Item)) continue
    const { content, parentSub } = item
    if (content instanceof ContentType) {
      if (content.type instanceof XmlElement && content.type.nodeName === mentionName)
        elements.add(keyOf(item.id))
    } else if (content instanceof ContentEmbed) {
      const id = idIn((content.embed as Readonly<Record<string, unknown>> | null)?.[mentionName])
      if (id !== undefined) users.add(id)
    } else if (content instanceof ContentAny) {
      const [value] = content.arr as unknown[]
      const parent: unknown = item.parent
      if (parentSub === 'id' && typeof value === 'string' && parent instanceof ID)
        ids.set(keyOf(parent), value)
      else if (parentSub === commentField && Array.isArray(value))
        for (const id of value.map(idIn)) if (id !== undefined) users.add(id)
    }
  }
  for (const element of elements) {
    const id = ids.get(element)
    if (id) users.add(id)
  }
  return [...users]
}
