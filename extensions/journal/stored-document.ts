import { CodraftError } from '../errors.ts'
import type { EditOrigin, Journal, Position, ReplayBase } from './Journal.ts'

/** Where documents are stored. */
export interface DocumentStores {
  readonly journal: Journal
  /** Where the replay of a document starts. Default: at the beginning of its journal. */
  readonly base?: (documentName: string) => Promise<ReplayBase | undefined>
}

/** A document as the stores hold it: apply `state`, then `updates` in their order. */
export interface StoredDocument {
  readonly state?: Uint8Array
  readonly updates: readonly Uint8Array[]
  /** Where each of `updates` came from: the op ids that a client may repeat are here. */
  readonly origins: readonly EditOrigin[]
  /** Edits in the document that have an op id, as far as they are known, oldest first. */
  readonly edits: readonly EditOrigin[]
  /** All of the journal up to here is in it; 0 = there was none. */
  readonly position: Position
}

const maxAttempts = 5

/**
 * Everything of a document that is durable. A snapshot that is committed between the two reads takes its part of the
 * journal with it: then both are repeated. Rejects as {@link Journal.read} and `base` do.
 */
export const readStoredDocument = async (
  { journal, base }: DocumentStores,
  documentName: string,
): Promise<StoredDocument> => {
  for (let attempt = 1; ; attempt++) {
    const start = await base?.(documentName)
    try {
      const records = await journal.read(documentName, start?.position)
      const origins = records.flatMap((record) => record.origins)
      return {
        ...(start && { state: start.state }),
        updates: records.flatMap(({ updates }) => updates),
        origins,
        edits: [...(start?.edits ?? []), ...origins.filter(({ opId }) => opId !== undefined)],
        position: records.at(-1)?.position ?? start?.position ?? 0,
      }
    } catch (error) {
      if (!isTrimmed(error) || attempt === maxAttempts) throw error
    }
  }
}

const isTrimmed = (error: unknown): boolean =>
  error instanceof CodraftError && error.errorCode === 'CODRAFT_JOURNAL_TRIMMED'
