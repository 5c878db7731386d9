/** Names a stored state of an object; opaque. A changed object never has an earlier version's tag. */
export type VersionTag = string

export interface StoredObject {
  readonly body: Uint8Array
  readonly tag: VersionTag
}

/** Precondition of a write: `absent` = create only; a tag = replace exactly this version. */
export type WriteCondition = 'absent' | { readonly tag: VersionTag }

/**
 * Keeps named byte strings: snapshots, versions, exported files.
 *
 * Contract, checked by `test/conformance/object-store.ts` on every driver:
 * - Keys are `/`-separated segments of 1 to 255 of `[A-Za-z0-9._~%-]`, none of them `.` or `..`, at most 1,000
 *   characters in all; no key is a folder of another. Every method MUST reject other keys with a TypeError.
 * - `put` MUST be atomic (a reader sees the old or the new body, never a part) and durable when it resolves.
 * - A conditional `put` MUST be a compare-and-swap: of any number of concurrent writers that name the same version,
 *   in one or in several processes, exactly one succeeds; the others get `undefined` and have changed nothing.
 * - `get` of a missing key resolves to `undefined`; `delete` of a missing key succeeds.
 * - `get` MUST NOT return what it knows to be damaged, nor `undefined` for it: it rejects with
 *   CODRAFT_DOCUMENT_CORRUPT, naming the key.
 */
export interface ObjectStore {
  get(key: string): Promise<StoredObject | undefined>
  /** Resolves to the new tag, or to `undefined` when `condition` does not hold. */
  put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<VersionTag | undefined>
  delete(key: string): Promise<void>
  /** Keys that start with `prefix`, in no particular order. */
  list(prefix: string): AsyncIterable<string>
  /** Rejects when the store cannot be reached or written. */
  check(): Promise<void>
  /** Releases what the store holds; it cannot be used any more. */
  close(): void
}
