import type { ErrorCode } from '../../extensions/errors.ts'
import type { ImageData, PrintDocument } from './PrintDocument.ts'

export type PageFormat = 'pdf' | 'docx'

/** What the pool asks of a child process, one request at a time. */
export interface RenderRequest {
  readonly format: PageFormat
  readonly document: PrintDocument
  readonly images: readonly ImageData[]
}

export type RenderAnswer =
  | { readonly bytes: Uint8Array; readonly notes: readonly string[] }
  | { readonly errorCode: ErrorCode; readonly detail: string }
