import type { Generated, Kysely } from 'kysely'
import type { Role } from '../../extensions/auth/index.ts'

/** A database of the store, or a transaction in it: what the functions of the repositories take. */
export type StoreDatabase = Kysely<Schema>

/** The tables. Columns are snake_case in SQL; all times are ms since the epoch. */
export interface Schema {
  documents: DocumentsTable
  tombstones: TombstonesTable
  erasedUsers: ErasedUsersTable
  grants: GrantsTable
  invitations: InvitationsTable
  versions: VersionsTable
  exports: ExportsTable
  auditEntries: AuditEntriesTable
  users: UsersTable
  notificationPreferences: NotificationPreferencesTable
  outbox: OutboxTable
  idempotencyKeys: IdempotencyKeysTable
  leases: LeasesTable
  publishedPositions: PublishedPositionsTable
  handledEvents: HandledEventsTable
  delayedEvents: DelayedEventsTable
  documentUsage: DocumentUsageTable
  documentEditors: DocumentEditorsTable
  countedPositions: CountedPositionsTable
  analyticsRebuild: AnalyticsRebuildTable
  settledDeadLetters: SettledDeadLettersTable
  notifications: NotificationsTable
  pushSubscriptions: PushSubscriptionsTable
  editedDocuments: EditedDocumentsTable
  lastMails: LastMailsTable
  gatheredMails: GatheredMailsTable
  capturedMails: CapturedMailsTable
  shard: ShardTable
}

export interface DocumentsTable {
  name: string
  /** The user who made it; null when it came by a token of an application that keeps its own permissions. */
  ownerId: string | null
  kind: string
  title: string | null
  createdAt: number
  updatedAt: number
  /** When it was put into the bin; null while it is in use. */
  deletedAt: number | null
}

/** What is left of an erased document. */
export interface TombstonesTable {
  documentName: string
  /** Writers of a lower epoch are refused. */
  epoch: number
  erasedAt: number
}

export interface ErasedUsersTable {
  userHash: string
  erasedAt: number
}

export interface GrantsTable {
  documentName: string
  userId: string
  role: Role
  grantedBy: string | null
  grantedAt: number
}

export type InvitationState = 'pending' | 'accepted' | 'revoked'

export interface InvitationsTable {
  id: string
  documentName: string
  email: string
  role: Role
  state: InvitationState
  invitedBy: string
  createdAt: number
  expiresAt: number
  acceptedBy: string | null
  acceptedAt: number | null
}

export type VersionKind = 'manual' | 'automatic'

export interface VersionsTable {
  id: string
  documentName: string
  /** Where its content is in the object store. */
  objectKey: string
  authorId: string | null
  label: string | null
  kind: VersionKind
  createdAt: number
  bytes: number
}

export type ExportState = 'queued' | 'running' | 'done' | 'failed'

export interface ExportsTable {
  id: string
  documentName: string
  requestedBy: string
  format: string
  /** JSON. */
  options: string
  state: ExportState
  /** Percent. */
  progress: number
  createdAt: number
  startedAt: number | null
  finishedAt: number | null
  /** Of the document as it was exported, in base64. */
  stateVector: string | null
  /** Where the file is; exports of the same content may share one. */
  objectKey: string | null
  /** Of the file, hexadecimal. */
  sha256: string | null
  bytes: number | null
  fileName: string | null
  /** JSON: what could not be kept, in words for people. */
  notes: string | null
  errorCode: string | null
  errorDetail: string | null
}

export interface AuditEntriesTable {
  sequence: Generated<number>
  documentName: string
  action: string
  userId: string | null
  /** Network address that the request came from. */
  address: string | null
  at: number
  /** JSON object without content of the document; null when the action says it all. */
  detail: string | null
}

/** Users who have opened a document, as their last token said. */
export interface UsersTable {
  id: string
  name: string | null
  email: string | null
  seenAt: number
}

export interface NotificationPreferencesTable {
  userId: string
  channel: string
  type: string
  /** 0 or 1: SQLite has no booleans. */
  enabled: number
  updatedAt: number
}

export interface OutboxTable {
  sequence: Generated<number>
  id: string
  topic: string
  key: string
  type: string
  /** JSON. */
  payload: string
  createdAt: number
  publishedAt: number | null
}

export interface IdempotencyKeysTable {
  userId: string
  route: string
  key: string
  /** Null while the first request with this key is at work. */
  status: number | null
  /** JSON. */
  response: string | null
  createdAt: number
  expiresAt: number
}

export interface LeasesTable {
  name: string
  holder: string
  expiresAt: number
}

export interface PublishedPositionsTable {
  documentName: string
  /** Journal that `position` counts in. */
  journal: string
  /** Up to here the edits are in the event log. */
  position: number
  /** The instance that publishes the document until `leaseUntil`. */
  holder: string
  leaseUntil: number
}

/** What a worker has begun or done about an event. */
export interface HandledEventsTable {
  worker: string
  eventId: string
  eventTime: number
  claimedAt: number
  /** The process that handles or has handled it; null where that was one transaction. */
  holder: string | null
  /** Until when `holder` counts as alive; null when the event is handled. */
  leaseUntil: number | null
}

/** What workers are to try again, or have not come to since something before it is tried again. */
export interface DelayedEventsTable {
  sequence: Generated<number>
  worker: string
  /** What it is claimed by: the id of the event, with the part where there are some. */
  id: string
  /** Rows of one lane are handled in their order. */
  lane: string
  part: string | null
  documentName: string
  /** Where the event log has it. */
  topic: string
  partition: number
  offset: number
  key: string
  /** JSON. */
  event: string
  failures: number
  dueAt: number
  addedAt: number
}

/** How a document was used in a day or an hour (UTC). */
export interface DocumentUsageTable {
  documentName: string
  span: 'day' | 'hour'
  startsAt: number
  opens: number
  sessions: number
  sessionMs: number
  edits: number
  inserted: number
  deleted: number
}

export interface DocumentEditorsTable {
  documentName: string
  span: 'day' | 'hour'
  startsAt: number
  userId: string
  edits: number
}

/** Up to where the edits of a document are in its usage. */
export interface CountedPositionsTable {
  documentName: string
  /** Journal that `position` counts in. */
  journal: string
  position: number
}

/** One row: from when on usage was counted anew the last time. */
export interface AnalyticsRebuildTable {
  /** Always 1. */
  id: number
  since: number
}

/** Dead letters that were retried or dropped; a log cannot give them up. */
export interface SettledDeadLettersTable {
  /** The dead letter topic. */
  topic: string
  offset: number
  settledAt: number
}

/** What a user is told in the list on the page. */
export interface NotificationsTable {
  sequence: Generated<number>
  userId: string
  /** Of the event. */
  id: string
  documentName: string
  /** The event; JSON. */
  event: string
  /** When it happened. */
  at: number
  /** When it was written here. */
  addedAt: number
  readAt: number | null
}

/** The last mail that a person was sent at once, or in a digest. */
export interface LastMailsTable {
  /** Address, in lower case. */
  recipient: string
  eventId: string
  at: number
}

/** Notifications that wait for the next digest of a person. */
export interface GatheredMailsTable {
  recipient: string
  eventId: string
  documentName: string
  /** JSON. */
  event: string
  at: number
  dueAt: number
}

/** Where the push service of a browser takes messages for a user (RFC 8030). */
export interface PushSubscriptionsTable {
  userId: string
  /** SHA-256 of the endpoint, in base64url. */
  id: string
  endpoint: string
  /** Public key of the browser (P-256, uncompressed) in base64url. */
  p256dh: string
  /** Secret that authenticates messages, in base64url. */
  auth: string
  /** Public key of the server that the subscription was made for; the push service takes no messages of another. */
  serverKey: string
  at: number
}

/** When the last edit was that was looked at for watchers. */
export interface EditedDocumentsTable {
  documentName: string
  editedAt: number
}

/** Mails of a server that sends none. */
export interface CapturedMailsTable {
  id: string
  recipient: string
  subject: string
  text: string
  html: string
  at: number
}

/** One row: which shard this database is, and of how many. */
export interface ShardTable {
  /** Always 1. */
  id: number
  position: number
  total: number
}
