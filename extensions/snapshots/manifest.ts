import { z } from 'zod'
import type { EditOrigin } from '../journal/Journal.ts'

const manifestSchema = z.strictObject({
  format: z.literal(1),
  documentName: z.string().min(1),
  epoch: z.int().min(0),
  positions: z.record(z.string().min(1), z.int().min(0)),
  snapshot: z
    .strictObject({
      key: z.string().min(1),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      bytes: z.int().min(1),
    })
    .nullable(),
  edits: z.array(z.tuple([z.string(), z.string()])).optional(),
  updatedAt: z.iso.datetime(),
})

/**
 * What is stored of a document; the only object of it that ever changes.
 *
 * - `epoch` grows with each erasure; a writer that has read an older one is refused.
 * - `positions`: the snapshot includes each journal, by its id, up to here. There is one, and a further one when a
 *   journal was made anew or exchanged; its positions start afresh.
 * - `snapshot`: the newest state; null when the document was erased up to `positions`.
 * - `edits`: user and op id of the last edits in the snapshot that have an op id, so that one which a client repeats is
 *   known when its journal record is gone.
 */
export type Manifest = Readonly<z.infer<typeof manifestSchema>>

/** A client has one edit on its way: this many others may come before it repeats its own. */
const maxEdits = 1_000

/** The edits that the manifest remembers. */
export const rememberedEdits = (...lists: readonly (readonly EditOrigin[])[]): EditOrigin[] => {
  const byKey = new Map<string, EditOrigin>()
  for (const { userId, opId } of lists.flat()) {
    if (userId !== undefined && opId !== undefined)
      byKey.set(JSON.stringify([userId, opId]), { userId, opId })
  }
  return [...byKey.values()].slice(-maxEdits)
}

export type SnapshotReference = NonNullable<Manifest['snapshot']>

export const encodeManifest = (manifest: Manifest): Uint8Array =>
  Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`)

/** @throws Error that says what is wrong with it */
export const decodeManifest = (body: Uint8Array, documentName: string): Manifest => {
  const result = manifestSchema.safeParse(parseJson(body))
  if (!result.success) throw new Error(z.prettifyError(result.error).replaceAll(/\s+/g, ' '))
  if (result.data.documentName !== documentName)
    throw new Error(`it is the manifest of ${JSON.stringify(result.data.documentName)}`)
  return result.data
}

const parseJson = (body: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (error) {
    throw new Error('it is not JSON', { cause: error })
  }
}
