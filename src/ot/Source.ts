import type { Delta } from './delta.ts'

/** A part of a Yjs document that JSON clients edit, seen as one line of text with attributes and embeds. */
export interface Source {
  content(): Delta
  /**
   * Applies the change in one transaction, as far as this kind of content can hold it. What came of it is told to
   * the listener.
   *
   * @throws {CodraftError} CODRAFT_EDIT_INVALID before anything has been changed
   */
  apply(change: Delta, origin: unknown): void
  /** Calls `listener` once for each transaction that changes the content. Returns a function that ends it. */
  observe(listener: (change: Delta, origin: unknown) => void): () => void
}
