/** More documents than these are not told apart: all older changes then count for every document. */
const maxDocuments = 10_000

/** A count of changes; later ones are higher. */
export type Moment = number

/** On which documents roles have changed since a moment, so that a role that was read before it is read again. */
export class RoleChanges {
  now: Moment = 0
  readonly #lastChange = new Map<string, Moment>()
  #forgotten: Moment = 0

  note(documentName: string): void {
    this.now += 1
    this.#lastChange.delete(documentName)
    this.#lastChange.set(documentName, this.now)
    if (this.#lastChange.size <= maxDocuments) return
    const [oldest] = this.#lastChange
    if (!oldest) return
    this.#lastChange.delete(oldest[0])
    this.#forgotten = oldest[1]
  }

  /** May be true without need, never false against the facts. */
  since(documentName: string, moment: Moment): boolean {
    return (this.#lastChange.get(documentName) ?? this.#forgotten) > moment
  }
}
