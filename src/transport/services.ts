import type { Document, Hocuspocus } from '@hocuspocus/server'
import type { Ticket } from '../../extensions/journal/index.ts'
import type { GuardLimits } from '../../extensions/guard/index.ts'
import type { Logger } from '../logger.ts'
import type { AckGate } from './AckGate.ts'
import type { Identity } from './awareness.ts'
import type { FlushScheduler } from './FlushScheduler.ts'

/** Settings of the transport; units and defaults stand in the table of settings. */
export interface TransportSettings {
  readonly authDeadlineMs: number
  readonly idleTimeoutMs: number
  readonly maxMessageBytes: number
  readonly maxMessagesPerSecond: number
  readonly maxDocumentsPerConnection: number
  readonly maxAwarenessBytes: number
  readonly flushMsPerReader: number
  readonly flushMaxMs: number
  readonly awarenessWindowMs: number
  readonly slowReaderBytes: number
  readonly slowReaderDeadlineMs: number
  /** Limits of one update. */
  readonly updateLimits: GuardLimits
  /** Limits of a client's first synchronisation. */
  readonly syncLimits: GuardLimits
}

/** What the transport counts. */
export interface TransportMetrics {
  connectionOpened(protocol: string): void
  connectionClosed(code: number): void
  messageIn(): void
  updateApplied(bytes: number): void
  messagesOut(count: number): void
  acknowledged(heldMs: number): void
  /** The first document of a connection has been opened with a valid token. */
  authenticated(): void
  /** A new connection belongs to a client that has the document from before. */
  reconnected(): void
  /** Updates have been handed to the sockets of the other readers; the oldest was taken this long ago. */
  delivered(waitedMs: number): void
  rejected(reason: string): void
  resynchronised(): void
  fellBehind(): void
}

/** What sockets, channels and fan-outs share. */
export interface TransportServices {
  readonly settings: TransportSettings
  readonly scheduler: FlushScheduler
  readonly ackGate: AckGate
  readonly hocuspocus: Hocuspocus
  readonly logger: Logger
  readonly metrics: TransportMetrics
  /** True while an extension wants to see each sync message; they then take Hocuspocus' own way. */
  readonly everySyncMessageSeen: boolean
  /** True while an extension wants to see or change awareness states before they are applied. */
  readonly everyAwarenessSeen: boolean
  identityOf(context: unknown): Identity | undefined
  ticketOf(document: Document): Ticket
  /** Resolves when the document holds what other instances have written by now; undefined when there are none. */
  readonly caughtUp?: (document: Document) => Promise<void>
  /** False while so much is not durable yet that no further edit may be taken. */
  canAcceptEdits(): boolean
}
