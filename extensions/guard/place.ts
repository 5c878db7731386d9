import { ContentType, getItem, ID, Item, type AbstractType, type Doc } from 'yjs'

/** The list that a struct is in: the children of a type, or the values of one of its keys. */
export interface Place {
  /** Compares by identity: the type, or its struct in the update, or the name of a root that the document lacks. */
  readonly parent: unknown
  readonly parentSub: string | null
  /** Number of types around the list, without the root. */
  readonly level: number
}

export const notSiblings = 'has neighbours of different parents'

/** Whether two structs of the document are in one list. True when one was removed: what is put beside it is dropped. */
export const areSiblings = (document: Doc, left: ID, right: ID): boolean => {
  const one = getItem(document.store, left)
  const other = getItem(document.store, right)
  if (!(one instanceof Item) || !(other instanceof Item)) return true
  return one.parent === other.parent && one.parentSub === other.parentSub
}

/** Where a struct of the document is; undefined when it was removed. Counts levels up to `maxDepth`. */
export const placeInDocument = (document: Doc, id: ID, maxDepth: number): Place | undefined => {
  const item = getItem(document.store, id)
  if (!(item instanceof Item)) return undefined
  const { parent, parentSub } = item
  let level = 0
  let enclosing = itemOf(parent)
  while (enclosing && level < maxDepth) {
    level += 1
    enclosing = itemOf(enclosing.parent)
  }
  return { parent, parentSub, level }
}

/** The type that a struct of the document holds; undefined when it was removed or holds none. */
export const typeInDocument = (document: Doc, id: ID): AbstractType<unknown> | undefined => {
  const item = getItem(document.store, id)
  return item instanceof Item && item.content instanceof ContentType ? item.content.type : undefined
}

/** The struct that holds a type; null for a root. */
const itemOf = (type: Item['parent']): Item | null =>
  type && typeof type !== 'string' && !(type instanceof ID) ? type._item : null
