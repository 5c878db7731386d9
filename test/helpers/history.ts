import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { seededRandom } from './random.ts'

/** Replaces `deleted` characters at `position` by `inserted`. */
export type Patch = readonly [position: number, deleted: number, inserted: string]

export interface History {
  readonly source: string
  readonly patches: readonly Patch[]
}

interface Trace {
  readonly txns: readonly { readonly patches: readonly Patch[] }[]
}

/** The recorded history that CODRAFT_TRACE names, or a seeded one of an author who types, pastes, jumps and deletes. */
export const editingHistory = (seed: number, edits: number): History => {
  const path = process.env['CODRAFT_TRACE']
  if (path === undefined) return { source: `generator, seed ${seed}`, patches: generated(seed, edits) }
  const trace = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Trace
  return { source: path, patches: trace.txns.flatMap(({ patches }) => patches).slice(0, edits) }
}

const generated = (seed: number, edits: number): Patch[] => {
  const random = seededRandom(seed)
  const letter = (): string => (random() < 0.18 ? ' ' : String.fromCharCode(97 + Math.floor(random() * 26)))
  const patches: Patch[] = []
  let length = 0
  let cursor = 0
  while (patches.length < edits) {
    if (random() < 0.02) cursor = Math.floor(random() * (length + 1))
    const kind = random()
    if (kind < 0.12 && cursor > 0) {
      cursor -= 1
      length -= 1
      patches.push([cursor, 1, ''])
      continue
    }
    const inserted = kind > 0.995 ? Array.from({ length: 200 }, letter).join('') : letter()
    patches.push([cursor, 0, inserted])
    cursor += inserted.length
    length += inserted.length
  }
  return patches
}

/** The text that the patches make, built without Yjs. */
export const replay = (patches: readonly Patch[]): string => {
  let text = ''
  for (const [position, deleted, inserted] of patches) {
    text = text.slice(0, position) + inserted + text.slice(position + deleted)
  }
  return text
}
