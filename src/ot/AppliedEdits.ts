/** A client has one edit on its way: an old id is never asked for again. */
const maxRemembered = 50_000

/** Names an edit for good: one that is sent again after a crash has the same key. */
export const editKey = (userId: string, opId: string): string => JSON.stringify([userId, opId])

/** Edits that a document holds already, by user and op id, so that one that is sent again is not applied again. */
export class AppliedEdits {
  readonly #keys = new Set<string>()

  add(userId: string, opId: string): void {
    this.#keys.add(editKey(userId, opId))
    if (this.#keys.size > maxRemembered) this.#keys.delete(this.#keys.values().next().value as string)
  }

  has(userId: string, opId: string): boolean {
    return this.#keys.has(editKey(userId, opId))
  }
}
