import { decodeStateVector, parseUpdateMeta } from 'yjs'

/**
 * The time from a client's question for changes until it has answered the question that the server asks in return. Its
 * answer holds all that it had when it asked. HocuspocusProvider sends the updates that it kept while it was offline
 * beside that answer, and counts one acknowledgement for all of it: acknowledged one by one, they would make edits
 * that are still on their way look saved.
 */
export class Handshake {
  readonly #asked: Uint8Array
  #known: ReadonlyMap<number, number> | undefined

  /** @param asked the state vector of the client's question */
  constructor(asked: Uint8Array) {
    this.#asked = asked
  }

  /** Whether the client's answer holds the update for certain. Deletions alone do not tell when they were made. */
  covers(update: Uint8Array): boolean {
    try {
      this.#known ??= decodeStateVector(this.#asked)
      const { to } = parseUpdateMeta(update)
      for (const [client, clock] of to) if (clock > (this.#known.get(client) ?? 0)) return false
      return to.size > 0
    } catch {
      // What is malformed is for the guard to refuse.
      return false
    }
  }
}
