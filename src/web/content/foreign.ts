import { Extension, Mark, Node, type Extensions } from '@tiptap/core'
import type { Schema } from '@tiptap/pm/model'
import { XmlElement, XmlText, type AbstractType, type Item, type Transaction, type XmlFragment } from 'yjs'

/** Whether an element stands in a line, is a line of text, or holds blocks. */
type Kind = 'inline' | 'line' | 'blocks'

/** What a document holds that the page's own schema has no name for. */
export interface ForeignContent {
  readonly nodes: Map<string, Kind>
  /** Names of marks; whether several of them may lie on the same text. */
  readonly marks: Map<string, boolean>
  /** Names of attributes, by the name of their node or mark. */
  readonly attributes: Map<string, Set<string>>
  /** Images are parts of lines, not blocks of their own. */
  imagesInLines: boolean
}

export const noForeignContent = (): ForeignContent => ({
  nodes: new Map(),
  marks: new Map(),
  attributes: new Map(),
  imagesInLines: false,
})

/** Marks that may overlap themselves are stored under `name--hash`. */
const hashedMark = /^(.+)--[\w+/=-]{8}$/

type AnyType = AbstractType<unknown>

/**
 * Notes what a Yjs transaction brings that the schema lacks. To be called before the editor sees the transaction.
 *
 * @returns whether there was anything, so that the schema has to be made anew
 */
export const learnForeignContent = (
  foreign: ForeignContent,
  schema: Schema,
  root: XmlFragment,
  { changed, beforeState }: Pick<Transaction, 'changed' | 'beforeState'>,
): boolean => {
  let found = false

  const learnAttributes = (name: string, known: readonly string[], present: Iterable<string>): void => {
    for (const attribute of present) {
      if (known.includes(attribute)) continue
      const names = foreign.attributes.get(name) ?? new Set()
      if (names.has(attribute)) continue
      foreign.attributes.set(name, names.add(attribute))
      found = true
    }
  }

  const visitText = (text: XmlText): void => {
    for (const { attributes = {} } of text.toDelta() as { attributes?: Record<string, unknown> }[]) {
      for (const [key, value] of Object.entries(attributes)) {
        const name = hashedMark.exec(key)?.[1] ?? key
        const type = schema.marks[name]
        if (!type && !foreign.marks.has(name)) {
          foreign.marks.set(name, name !== key)
          found = true
        }
        if (typeof value !== 'object' || value === null) continue
        learnAttributes(name, Object.keys(type?.spec.attrs ?? {}), Object.keys(value))
      }
    }
  }

  const visitElement = (element: XmlElement): void => {
    const name = element.nodeName
    const type = schema.nodes[name]
    if (!type && !foreign.nodes.has(name)) {
      foreign.nodes.set(name, kindOf(element, schema))
      found = true
    }
    if (name === 'image' && type && !type.isInline && isInLine(element, schema)) {
      foreign.imagesInLines = true
      found = true
    }
    learnAttributes(name, Object.keys(type?.spec.attrs ?? {}), Object.keys(element.getAttributes()))
    visitChildren(element, () => true)
  }

  const visit = (type: AnyType): void => {
    if (type instanceof XmlText) visitText(type)
    else if (type instanceof XmlElement) visitElement(type)
  }

  const visitChildren = (parent: XmlFragment, isWanted: (item: Item) => boolean): void => {
    for (const child of parent.toArray() as unknown as AnyType[]) {
      if (child._item && isWanted(child._item)) visit(child)
    }
  }

  const isNew = ({ id }: Item): boolean => id.clock >= (beforeState.get(id.client) ?? 0)

  for (const [type, keys] of changed as Map<AnyType, Set<string | null>>) {
    if (!isWithin(type, root)) continue
    if (type instanceof XmlText) visitText(type)
    else if (type instanceof XmlElement && [...keys].some((key) => key !== null)) visitElement(type)
    // oxlint-disable-next-line unicorn/no-null -- the key that Yjs gives to a change of the children.
    else if (keys.has(null)) visitChildren(type as unknown as XmlFragment, isNew)
  }
  return found
}

const isWithin = (type: AnyType, root: XmlFragment): boolean => {
  for (let at: AnyType | null = type; at; at = (at._item?.parent ?? null) as AnyType | null) {
    if (at === (root as AnyType)) return true
  }
  return false
}

const isLine = (name: string, schema: Schema): boolean => schema.nodes[name]?.isTextblock === true

/** An element stands in a line when its parent is one, or when text stands beside it. */
const isInLine = (element: XmlElement, schema: Schema): boolean => {
  const parent = element.parent
  if (parent instanceof XmlElement && isLine(parent.nodeName, schema)) return true
  return parent !== null && holdsText(parent as XmlFragment, schema)
}

const holdsText = (parent: XmlFragment, schema: Schema): boolean =>
  parent
    .toArray()
    .some((child) => !(child instanceof XmlElement) || schema.nodes[child.nodeName]?.isInline === true)

const kindOf = (element: XmlElement, schema: Schema): Kind => {
  if (isInLine(element, schema)) return 'inline'
  return holdsText(element, schema) ? 'line' : 'blocks'
}

const content: Readonly<Record<Kind, string>> = { inline: 'inline*', line: 'inline*', blocks: 'block*' }

/** Nodes, marks and attributes that keep the foreign content as it is, and show its text. */
export const foreignExtensions = (foreign: ForeignContent): Extensions => [
  ...[...foreign.nodes].map(([name, kind]) =>
    Node.create({
      name,
      group: kind === 'inline' ? 'inline' : 'block',
      inline: kind === 'inline',
      content: content[kind],
      renderHTML: () => [
        kind === 'inline' ? 'span' : 'div',
        { class: 'foreign', 'data-name': name },
        // Its text has an element of its own, for a name may stand before it.
        [kind === 'inline' ? 'span' : 'div', { class: 'foreign-content' }, 0],
      ],
    }),
  ),
  ...[...foreign.marks].map(([name, mayOverlap]) =>
    Mark.create({
      name,
      inclusive: false,
      ...(mayOverlap && { excludes: '' }),
      renderHTML: () => ['span', { class: 'foreign-mark', 'data-name': name }, 0],
    }),
  ),
  Extension.create({
    name: 'foreignAttributes',
    addGlobalAttributes: () =>
      [...foreign.attributes].map(([name, attributes]) => ({
        types: [name],
        attributes: Object.fromEntries(
          // oxlint-disable-next-line unicorn/no-null -- ProseMirror's value for an attribute that is absent.
          [...attributes].map((attribute) => [
            attribute,
            { default: null, rendered: false, keepOnSplit: false },
          ]),
        ),
      })),
  }),
]
