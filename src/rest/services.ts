import type { Identity, RoleChanges, TokenVerifier } from '../../extensions/auth/index.ts'
import type { Fleet } from '../../extensions/fleet/index.ts'
import type { Presence } from '../../extensions/presence/index.ts'
import type { DocumentAccess } from '../documents/DocumentAccess.ts'
import type { Eraser } from '../documents/Eraser.ts'
import type { History } from '../documents/history/History.ts'
import type { InvitationLinks } from '../documents/InvitationLinks.ts'
import type { Permissions } from '../documents/Permissions.ts'
import type { Exports, ServerDownloads } from '../exports/index.ts'
import type { Logger } from '../logger.ts'
import type { NotificationFeed } from '../notifications/NotificationFeed.ts'
import type { UnsubscribeLinks } from '../notifications/UnsubscribeLinks.ts'
import type { Store } from '../store/Store.ts'
import type { DeadLetterView, Status } from './status-schema.ts'

/** What the routes need. */
export interface RestServices {
  readonly version: string
  readonly logger: Logger
  readonly verify: TokenVerifier
  /** Called with whoever sends a request. */
  readonly onIdentity: (identity: Identity) => void
  readonly roleChanges: Pick<RoleChanges, 'now' | 'since'>
  readonly store: Store
  readonly documents: DocumentAccess
  readonly history: History
  readonly eraser: Eraser
  readonly exports: Exports
  readonly invitations: InvitationLinks
  readonly permissions: Permissions
  readonly presence: Presence
  readonly fleet: Fleet
  /** Files that this server gives to whoever has their link; undefined when they are fetched from S3. */
  readonly downloads?: ServerDownloads
  readonly notificationFeed: NotificationFeed
  /** Address of the page, without a slash at its end. */
  readonly publicUrl: () => string
  readonly unsubscribing: UnsubscribeLinks
  /** Public key that browsers subscribe to pushed notifications with, in base64url. */
  readonly pushKey: string
  /** Whether a user may see what concerns the server as a whole. */
  readonly isOperator: (identity: Identity) => boolean
  readonly operation: Operation
  readonly limits: RestLimits
}

/** What operators see and do. */
export interface Operation {
  status(): Promise<Status>
  deadLetters(): Promise<DeadLetterView[]>
  /** @throws {CodraftError} CODRAFT_NOT_FOUND */
  retryDeadLetters(ids: readonly string[]): Promise<void>
}

export interface RestLimits {
  readonly maxRequestsPerMinute: number
  /** Largest document of a request, bytes. */
  readonly maxBodyBytes: number
  /** Largest Yjs update, bytes. */
  readonly maxUpdateBytes: number
}
