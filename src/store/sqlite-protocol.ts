/** What the thread of the store asks of its worker. */
export interface SqliteRequest {
  readonly id: number
  readonly sql: string
  readonly parameters: readonly unknown[]
}

export type SqliteResponse =
  | { readonly id: number; readonly rows: unknown[]; readonly changes?: bigint }
  | { readonly id: number; readonly error: string; readonly resultCode: number | undefined }
