import { isDeepStrictEqual } from 'node:util'
import quillDelta from 'quill-delta'

/**
 * A change of a document, or its content: runs of `retain`, `insert` and `delete`, with lengths in UTF-16 code units.
 * An embed is an object and has the length 1. See https://quilljs.com/docs/delta.
 */
export const Delta = quillDelta.default
export type Delta = InstanceType<typeof Delta>
export type Op = Delta['ops'][number]

/** How much of the document before it an op spans. */
export const baseLength = ({ ops }: Delta): number =>
  ops.reduce((sum, op) => sum + (op.delete ?? (op.retain as number | undefined) ?? 0), 0)

/** The same change in its one normal form: neighbours merged, inserts before deletes, nothing empty, no `null` on inserts. */
export const normal = (ops: readonly Op[]): Delta => {
  const delta = new Delta()
  for (const op of ops) {
    if (Delta.Op.length(op) > 0) delta.push(op.insert === undefined ? { ...op } : withoutNulls(op))
  }
  return delta.chop()
}

/** Yjs drops an attribute that is null on an insert, so both sides have to. */
const withoutNulls = (op: Op): Op => {
  const { insert, attributes } = op
  const kept = Object.entries(attributes ?? {}).filter(([, value]) => value !== null)
  return {
    insert: insert as string,
    ...(kept.length > 0 && { attributes: Object.fromEntries(kept) }),
  }
}

export const sameDelta = (a: Delta, b: Delta): boolean => isDeepStrictEqual(a.ops, b.ops)
