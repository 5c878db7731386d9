import type { ErrorCode } from '../errors.ts'
import type { JournalTail, Position } from './Journal.ts'
import type { Packed } from './packed.ts'

/** What the worker may be asked, apart from commits; each answer carries the id of its question. */
export interface JournalQueries {
  read: { args: [documentName: string, after: Position]; result: RawRecords }
  trim: { args: [documentName: string, upTo: Position]; result: null }
  erase: { args: [documentName: string]; result: null }
  tails: { args: []; result: JournalTail[] }
  close: { args: []; result: null }
}

export interface RawRecords {
  readonly positions: readonly Position[]
  readonly bodies: Packed
}

export interface RecordsToWrite {
  readonly documentNames: readonly string[]
  readonly bodies: Packed
}

export type ToWorker =
  | { readonly kind: 'commit'; readonly records: RecordsToWrite }
  | {
      readonly [Q in keyof JournalQueries]: { kind: Q; id: number; args: JournalQueries[Q]['args'] }
    }[keyof JournalQueries]

export type FromWorker =
  | { readonly kind: 'ready'; readonly journalId: string }
  /** The file cannot be used, and the worker ends. */
  | { readonly kind: 'unopened'; readonly error: string; readonly errorCode: ErrorCode }
  /** Records of documents that have been erased were dropped. */
  | { readonly kind: 'committed'; readonly erased: readonly string[] }
  /** The commit was rolled back; the worker tries again by itself. */
  | { readonly kind: 'failing'; readonly error: string }
  | { readonly kind: 'answer'; readonly id: number; readonly result: unknown }
  | {
      readonly kind: 'refusal'
      readonly id: number
      readonly error: string
      /** Of a coded error, whose detail `error` is then. */
      readonly errorCode?: ErrorCode
    }
