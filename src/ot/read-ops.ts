import { CodraftError } from '../../extensions/errors.ts'
import {
  changeInBlock,
  deleteBlock,
  insertBlock,
  readReference,
  setBlock,
  type BlockOp,
} from './block-ops.ts'
import { Delta } from './delta.ts'

/** Nesting of attribute values and embeds. */
const maxDepth = 20
const maxOps = 10_000

type Fields = Readonly<Record<string, unknown>>

const invalid = (detail: string): CodraftError => new CodraftError('CODRAFT_EDIT_INVALID', detail)

/**
 * The ops of an `edit` message as changes that follow one another. Ops without a position are one change together:
 * `[{retain: 3}, {insert: 'x'}]`. Each op with a position is a change of its own, after those before it:
 * `[{position: 3, delete: 2, insert: 'x'}, {position: 9, retain: 4, attributes: {bold: true}}]`.
 * Ops that name blocks are about the blocks of the version, whatever the ops before them do:
 * `[{block: 2, offset: 5, insert: 'x'}, {setBlock: 0, attributes: {block: 'heading', level: 1}}, {deleteBlock: -1}]`.
 *
 * @throws {CodraftError} CODRAFT_EDIT_INVALID
 */
export const readOps = (value: unknown): (Delta | BlockOp)[] => {
  if (!Array.isArray(value)) throw invalid('ops must be a list')
  if (value.length > maxOps) throw invalid(`more than ${maxOps} ops`)
  const changes: (Delta | BlockOp)[] = []
  let run: Delta | undefined
  for (const op of value as readonly unknown[]) {
    if (typeof op !== 'object' || op === null) throw invalid('an op must be an object')
    const fields = op as Fields
    const blockOp = readBlockOp(fields)
    if (blockOp) {
      run = undefined
      changes.push(blockOp)
    } else if (fields['position'] === undefined) {
      if (!run) changes.push((run = new Delta()))
      addOp(run, fields)
    } else {
      run = undefined
      const change = new Delta().retain(readCount(fields['position'], 'position'))
      changes.push(addOp(change, fields))
    }
  }
  return changes
}

const readBlockOp = (fields: Fields): BlockOp | undefined => {
  const attributes = readAttributes(fields['attributes']) ?? {}
  if (fields['deleteBlock'] !== undefined)
    return deleteBlock(readReference(fields['deleteBlock'], 'deleteBlock'))
  if (fields['setBlock'] !== undefined) {
    return setBlock(readReference(fields['setBlock'], 'setBlock'), attributes)
  }
  if (fields['insertBlock'] !== undefined) {
    const { insertBlock: block, text = '', before, after } = fields
    if (typeof block !== 'string') throw invalid('insertBlock is the name of a block, such as paragraph')
    if (typeof text !== 'string' || !text.isWellFormed()) throw invalid('text must be a text')
    return insertBlock(
      new Delta().insert(text),
      { ...attributes, block },
      {
        ...(before !== undefined && { before: readReference(before, 'before') }),
        ...(after !== undefined && { after: readReference(after, 'after') }),
      },
    )
  }
  if (fields['block'] === undefined) return undefined
  const offset = readCount(fields['offset'] ?? 0, 'offset')
  return changeInBlock(readReference(fields['block'], 'block'), offset, addOp(new Delta(), fields))
}

const addOp = (change: Delta, { insert, delete: deleted, retain, attributes }: Fields): Delta => {
  if (insert === undefined && deleted === undefined && retain === undefined) {
    throw invalid('an op needs insert, delete or retain')
  }
  if (retain !== undefined && (insert !== undefined || deleted !== undefined)) {
    throw invalid('retain excludes insert and delete')
  }
  const given = readAttributes(attributes)
  if (deleted !== undefined) change.delete(readCount(deleted, 'delete'))
  if (retain !== undefined) change.retain(readCount(retain, 'retain'), given)
  if (insert !== undefined) change.push({ insert: readInsert(insert), ...(given && { attributes: given }) })
  return change
}

const readCount = (value: unknown, name: string): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalid(`${name} must be a whole number, 0 or more`)
  }
  return value
}

const readInsert = (value: unknown): string | Record<string, unknown> => {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw invalid('insert holds half a surrogate pair')
    return value
  }
  if (!isRecord(value) || Object.keys(value).length === 0) throw invalid('insert must be a text or an embed')
  if (!isPlain(value, maxDepth)) throw invalid('the embed is nested too deeply or holds bad text')
  return value
}

const readAttributes = (value: unknown): Record<string, unknown> | undefined => {
  if (value === undefined || value === null) return undefined
  if (!isRecord(value)) throw invalid('attributes must be an object')
  if (!isPlain(value, maxDepth)) throw invalid('attributes are nested too deeply or hold bad text')
  return Object.keys(value).length > 0 ? value : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Yjs stores text as UTF-8, where half a surrogate pair becomes another character. */
const isPlain = (value: unknown, depth: number): boolean => {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  return Object.entries(value).every(([key, member]) => key.isWellFormed() && isPlain(member, depth - 1))
}
