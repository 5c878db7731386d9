import { CodraftError } from '../../../extensions/errors.ts'

/** What one document may hold while it is read. */
export interface TreeLimits {
  /** Nodes, pieces of text included. @default 500_000 */
  readonly nodes: number
  /** Text and attributes, UTF-16 units. @default 64 Mi */
  readonly characters: number
  /** Levels of nesting. @default 100 */
  readonly depth: number
  /**
   * What becomes of deeper levels: `unwrap` leaves the containers out and keeps their text, `refuse` is an error.
   * @default 'unwrap' for documents, 'refuse' for sources that are imported
   */
  readonly tooDeep: 'unwrap' | 'refuse'
}

const defaults: TreeLimits = { nodes: 500_000, characters: 64 * 1024 * 1024, depth: 100, tooDeep: 'unwrap' }

export const documentLimits = (limits: Partial<TreeLimits> = {}): TreeLimits => ({ ...defaults, ...limits })

export const importLimits = (limits: Partial<TreeLimits> = {}): TreeLimits => ({
  ...defaults,
  tooDeep: 'refuse',
  ...limits,
})

export const tooLarge = (detail: string): CodraftError =>
  new CodraftError('CODRAFT_CONTENT_TOO_LARGE', detail)
