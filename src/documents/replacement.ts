import { applyUpdate, Doc } from 'yjs'
import { replaceContent, type ContentFormat } from './tree/index.ts'

/** What a document is to hold instead of what it holds. */
export interface Replacement {
  /** The document as it is, a Yjs update (V1). */
  readonly state: Uint8Array<ArrayBuffer>
  readonly format: ContentFormat
  readonly source: string
}

/** The update that changes nothing: no structs, no deletions. */
export const noUpdate = Uint8Array.of(0, 0)

/**
 * The edit that replaces the content of a document, as a Yjs update (V1) by an author of its own, so that it merges
 * with what others have typed meanwhile.
 *
 * @throws {CodraftError} CODRAFT_CONTENT_INVALID, CODRAFT_CONTENT_TOO_LARGE
 */
export const updateOf = ({ state, format, source }: Replacement): Uint8Array => {
  const document = new Doc()
  applyUpdate(document, state)
  let update: Uint8Array = noUpdate
  document.on('update', (made: Uint8Array) => void (update = made))
  replaceContent(document, format, source)
  return update
}
