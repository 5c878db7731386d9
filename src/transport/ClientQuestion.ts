import { decodeStateVector, parseUpdateMeta } from 'yjs'

/**
 * A client's question for changes: its answer to the question that the server asks in return holds all that it had when
 * it asked. HocuspocusProvider sends the updates that it kept while it was offline beside that answer, and counts one
 * acknowledgement for all of it.
 */
export class ClientQuestion {
  readonly #vector: Uint8Array
  #known: ReadonlyMap<number, number> | undefined

  /** @param vector state vector of what the client has */
  constructor(vector: Uint8Array) {
    this.#vector = vector
  }

  /** Whether the client's answer holds the update for certain. Deletions alone do not tell when they were made. */
  covers(update: Uint8Array): boolean {
    try {
      this.#known ??= decodeStateVector(this.#vector)
      const { to } = parseUpdateMeta(update)
      for (const [client, clock] of to) if (clock > (this.#known.get(client) ?? 0)) return false
      return to.size > 0
    } catch {
      // What is malformed is for the guard to refuse.
      return false
    }
  }
}
