/** A file as the person who fetches it sees it. */
export interface DownloadFile {
  /** Where it is kept: a key of the ObjectStore contract. */
  readonly key: string
  /** What it is saved as. */
  readonly fileName: string
  readonly mediaType: string
}

export interface DownloadLink {
  readonly url: string
  /** ms since the epoch */
  readonly expiresAt: number
}

/** How long a link can be used, ms. */
export const linkLifetimeMs = 3_600_000

/**
 * Keeps files that people fetch by a link.
 *
 * Contract, checked by `test/conformance/downloads.ts` on every driver:
 * - `put` is durable when it resolves, and replaces what was there.
 * - A link needs no access token and gives the very bytes of the file, as an attachment of the file name and media type
 *   that it was made for, until it expires, {@link linkLifetimeMs} after it was made.
 * - A link that has expired, was changed in any character that means something, or whose file is gone gives an error.
 * - `delete` of a missing key succeeds.
 */
export interface Downloads {
  put(key: string, body: Uint8Array): Promise<void>
  /** Whether there is such a file is not asked. */
  link(file: DownloadFile): Promise<DownloadLink>
  delete(key: string): Promise<void>
  /** Keys that start with `prefix`, in no particular order. */
  list(prefix: string): AsyncIterable<string>
  /** Releases what the driver has opened itself. */
  close(): void
}
