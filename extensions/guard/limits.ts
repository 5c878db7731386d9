export interface GuardLimits {
  /** Of the whole update. */
  readonly maxBytes: number
  /** Authors in one update. */
  readonly maxClients: number
  /** Length of one struct: characters of a run of text, or of a run of deleted content. */
  readonly maxStructLength: number
  /** Highest clock of a client. */
  readonly maxClock: number
  /** Nesting of JSON values, and of types within the document. */
  readonly maxDepth: number
  /** Root types of the document (`doc.getText(name)` and the like) after the update; they can never be removed. */
  readonly maxRoots: number
}

/** For a single edit or paste. */
export const defaultGuardLimits: GuardLimits = {
  maxBytes: 1024 * 1024,
  maxClients: 1_000,
  maxStructLength: 2_000_000,
  maxClock: 2 ** 40,
  maxDepth: 100,
  maxRoots: 2_000,
}

/**
 * For a client's answer to sync step 1, which may hold weeks of offline work by many authors. Each author costs every
 * later edit of the document some 0.3 µs, for good: that bounds how many may come at once.
 */
export const defaultSyncLimits: GuardLimits = {
  ...defaultGuardLimits,
  maxBytes: 16 * 1024 * 1024,
  maxClients: 10_000,
  maxStructLength: 2 ** 31,
}
