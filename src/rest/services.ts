import type { Identity, Role, TokenVerifier } from '../../extensions/auth/index.ts'
import type { DocumentAccess } from '../documents/DocumentAccess.ts'

/** What the routes need. */
export interface RestServices {
  readonly version: string
  readonly verify: TokenVerifier
  readonly documents: DocumentAccess
  readonly roleOf: (identity: Identity, documentName: string) => Promise<Role | undefined>
  readonly limits: {
    readonly maxRequestsPerMinute: number
    /** Largest document of a request, bytes. */
    readonly maxBodyBytes: number
    /** Largest Yjs update, bytes. */
    readonly maxUpdateBytes: number
  }
}
