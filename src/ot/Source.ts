import type { Delta } from './delta.ts'

/** Length and id of a block, its line break included. */
export interface BlockPlace {
  readonly length: number
  readonly id?: string
}

/** What a change did to the list of blocks: from `at` on, `inserted` blocks took the place of those that were removed. */
export interface BlockPatch {
  readonly at: number
  readonly removed: readonly BlockPlace[]
  readonly inserted: number
}

export type SourceListener = (change: Delta, origin: unknown, blocks?: BlockPatch) => void

/** A part of a Yjs document that JSON clients edit, seen as one line of text with attributes and embeds. */
export interface Source {
  content(): Delta
  /** The blocks of now; undefined where the content has none. */
  blocks?(): readonly BlockPlace[]
  /**
   * Applies the change in one transaction, as far as this kind of content can hold it. What came of it is told to
   * the listener.
   *
   * @throws {CodraftError} CODRAFT_EDIT_INVALID before anything has been changed
   */
  apply(change: Delta, origin: unknown): void
  /** Calls `listener` once for each transaction that changes the content. Returns a function that ends it. */
  observe(listener: SourceListener): () => void
  /** The content of now, to be read later; undefined when it holds `change` exactly in any case. */
  remember(change: Delta): (() => Delta) | undefined
  /** A place that moves with the text, as editors put it into `cursor` of their awareness. */
  toRelative(index: number): unknown
  /** Where such a place is now; undefined when it is in another part of the document, or nowhere. */
  toIndex(relative: unknown): number | undefined
}
