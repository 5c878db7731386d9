/** What the audit of a document knows. */
export type AuditAction =
  | 'created'
  | 'opened'
  | 'granted'
  | 'revoked'
  | 'invited'
  | 'uninvited'
  | 'exported'
  | 'restored'
  | 'version deleted'
  | 'deleted'
  | 'undeleted'
  | 'erased'

/** Who does something, and from where. */
export interface Actor {
  /** Null for the server itself. */
  readonly userId: string | null
  /** Network address of the request; null when there is none. */
  readonly address: string | null
}
