import { CodraftError } from '../../../extensions/errors.ts'

/**
 * What JSON clients may write into a document of blocks: the nodes and marks of Tiptap's starter kit and its usual
 * neighbours. An editor removes what its schema does not know, with the text in it, so nothing else may be made here;
 * what a document already has can be made again.
 */
const textBlocks = new Set(['paragraph', 'heading', 'codeBlock'])
const marks = new Set([
  'bold',
  'italic',
  'strike',
  'underline',
  'code',
  'link',
  'highlight',
  'subscript',
  'superscript',
  'textStyle',
])
const blockAttributes = new Set(['block', 'in', 'level', 'language', 'textAlign', 'start', 'checked', 'id'])
const containers = new Set([
  '',
  'blockquote',
  'bulletList/listItem',
  'orderedList/listItem',
  'taskList/taskItem',
])
/** Containers that go when they become empty; another, such as a table cell, gets an empty paragraph. */
const removable = new Set(['bulletList', 'orderedList', 'taskList', 'listItem', 'taskItem', 'blockquote'])
const inlineElements = new Set(['hardBreak'])
const atoms = new Set(['horizontalRule'])

export type Attributes = Readonly<Record<string, unknown>>

export const isTextBlockName = (name: string): boolean => textBlocks.has(name)
/** A block that holds no text. */
export const isAtom = (name: string): boolean => atoms.has(name)
export const isRemovable = (name: string): boolean => removable.has(name)
/** An item of a list begins with a paragraph. */
export const isItem = (name: string): boolean => name === 'listItem' || name === 'taskItem'

const invalid = (detail: string): CodraftError => new CodraftError('CODRAFT_EDIT_INVALID', detail)

export interface KnownNames {
  readonly blocks: ReadonlySet<string>
  readonly containers: ReadonlySet<string>
  readonly marks: ReadonlySet<string>
}

/** The part of an op's attributes that is about text. @throws {CodraftError} CODRAFT_EDIT_INVALID */
export const markAttributes = (attributes: Attributes | undefined, known: KnownNames): Attributes => {
  const found: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (blockAttributes.has(name)) continue
    if (!marks.has(name) && !known.marks.has(name))
      throw invalid(`the document has no mark ${name.slice(0, 40)}`)
    found[name] = toMark(name, value)
  }
  return found
}

/** The part of an op's attributes that is about a block. @throws {CodraftError} CODRAFT_EDIT_INVALID */
export const blockPart = (attributes: Attributes | undefined, known: KnownNames): Attributes => {
  const found = Object.fromEntries(
    Object.entries(attributes ?? {}).filter(([name]) => !marks.has(name) && !known.marks.has(name)),
  )
  const { block, in: container, level } = found
  if (block !== undefined && !isKnownBlock(block, known)) throw invalid('the document has no such block')
  if (container !== undefined && !isKnownContainer(container, known))
    throw invalid('the document has no such container')
  if (level !== undefined && level !== null && ![1, 2, 3, 4, 5, 6].includes(level as number)) {
    throw invalid('level is 1 to 6')
  }
  // A block that is named stands at the top unless it says otherwise; a bare line break stays where it is.
  return block === undefined || container !== undefined ? found : { ...found, in: '' }
}

const isKnownBlock = (name: unknown, known: KnownNames): boolean =>
  typeof name === 'string' && (textBlocks.has(name) || atoms.has(name) || known.blocks.has(name))

const isKnownContainer = (path: unknown, known: KnownNames): boolean =>
  typeof path === 'string' && (containers.has(path) || known.containers.has(path))

/** @throws {CodraftError} CODRAFT_EDIT_INVALID */
export const checkEmbed = (embed: Readonly<Record<string, unknown>>): void => {
  const [name = '', ...others] = Object.keys(embed)
  if (others.length > 0 || !inlineElements.has(name))
    throw invalid(`text holds no embed but ${[...inlineElements].join(', ')}`)
}

/** ProseMirror's bindings store the attributes of a mark; `true` stands for none. */
const toMark = (name: string, value: unknown): unknown => {
  if (value === true) return {}
  if (name === 'link' && typeof value === 'string') return { href: value }
  if (value !== null && typeof value !== 'object')
    throw invalid(`the mark ${name} is true, null or an object`)
  return value
}

export const fromMark = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? true : value
