import type { Document, Hocuspocus } from '@hocuspocus/server'
import {
  identityOf,
  type Identity,
  type Role,
  type RoleRequest,
  type TokenVerifier,
} from '../../extensions/auth/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import type { Fleet } from '../../extensions/fleet/index.ts'
import type { GuardLimits } from '../../extensions/guard/index.ts'
import type { Journal, Ticket } from '../../extensions/journal/index.ts'
import type { Presence } from '../../extensions/presence/index.ts'
import type { ObjectStore, Snapshots } from '../../extensions/snapshots/index.ts'
import type { Config } from '../config.ts'
import { emptyBin } from '../documents/Bin.ts'
import { DocumentAccess } from '../documents/DocumentAccess.ts'
import { Eraser, type Erasable } from '../documents/Eraser.ts'
import { AutomaticVersions } from '../documents/history/AutomaticVersions.ts'
import { History } from '../documents/history/History.ts'
import { InvitationLinks } from '../documents/InvitationLinks.ts'
import { assertAvailable } from '../documents/availability.ts'
import type { KnownUsers } from '../documents/KnownUsers.ts'
import { Permissions } from '../documents/Permissions.ts'
import { Exports, ServerDownloads, type Downloads } from '../exports/index.ts'
import type { Logger } from '../logger.ts'
import type { NotificationFeed } from '../notifications/NotificationFeed.ts'
import { UnsubscribeLinks } from '../notifications/UnsubscribeLinks.ts'
import { vapidKeysOf } from '../notifications/push/vapid-keys.ts'
import type { RestServices } from '../rest/services.ts'
import type { Store } from '../store/Store.ts'
import { version } from '../version.ts'
import { linkSecretOf } from '../secret.ts'

export interface DocumentParts {
  readonly config: Config
  readonly logger: Logger
  readonly journal: Journal
  readonly objects: ObjectStore
  readonly snapshots: Snapshots
  readonly store: Store
  readonly hocuspocus: () => Hocuspocus
  readonly ticketOf: (document: Document) => Ticket
  readonly updateLimits: GuardLimits
  /** What keeps content besides the journal, snapshots, versions and SQL rows. */
  readonly parts: readonly Erasable[]
  /** Users who may hold grants beside the claims of their token. */
  readonly isGuest: (identity: Identity) => boolean
  readonly users: KnownUsers
  readonly notificationFeed: NotificationFeed
  readonly fleet: Fleet
  readonly presence: Presence
  readonly downloads: Downloads
}

/** What is done with documents apart from editing them over sockets: REST, history, erasure. */
export const composeDocuments = (parts: DocumentParts) => {
  const { config, logger, journal, objects, snapshots, store, hocuspocus, fleet } = parts
  const documents = new DocumentAccess({
    hocuspocus,
    stores: { journal, base: snapshots.base },
    ticketOf: parts.ticketOf,
    updateLimits: parts.updateLimits,
    writeDeadlineMs: config.restWriteDeadlineMs,
    canAcceptEdits: () => journal.status.pendingBytes <= config.journalMaxPendingBytes,
  })
  const permissions = new Permissions({
    store,
    hasContent: (documentName) => documents.hasContent(documentName),
    isGuest: parts.isGuest,
    async onChanged(documentName, userId) {
      const command = { type: 'roles', documentName, ...(userId !== undefined && { userId }) } as const
      if (await fleet.publish(command)) return
      logger.warn('not all instances have confirmed a change of roles: they follow when they are back')
    },
  })
  const history = new History({ store, objects, documents, keepMs: config.versionKeepDays * dayMs })
  const exports = new Exports({ store, downloads: parts.downloads, keepMs: config.exportKeepDays * dayMs })
  const eraser = new Eraser({
    hocuspocus,
    journal,
    snapshots: snapshots.store,
    objects,
    store,
    logger,
    fleet,
    parts: [history, exports, ...parts.parts],
  })
  const automaticVersions = new AutomaticVersions({
    history,
    logger,
    afterEdits: config.versionAfterEdits,
    afterMs: config.versionAfterMs,
    userOf,
  })

  const linkOptions = (url: () => string) => ({
    secret: linkSecretOf(config),
    publicUrl: () => config.publicUrl ?? url(),
  })

  const rest = ({ logger: httpLogger, verify, roleChanges, url, operation }: RestOptions): RestServices => ({
    version,
    logger: httpLogger,
    verify,
    roleChanges,
    onIdentity: ({ userId: id, name, email }) =>
      parts.users.note({ id, ...(name !== undefined && { name }), ...(email !== undefined && { email }) }),
    store,
    documents,
    history,
    exports,
    eraser,
    invitations: new InvitationLinks(linkOptions(url)),
    unsubscribing: new UnsubscribeLinks(linkOptions(url)),
    notificationFeed: parts.notificationFeed,
    pushKey: vapidKeysOf(config).publicKey,
    publicUrl: linkOptions(url).publicUrl,
    isOperator: (identity) => parts.isGuest(identity) || config.operators.includes(identity.userId),
    permissions,
    presence: parts.presence,
    ...(parts.downloads instanceof ServerDownloads && { downloads: parts.downloads }),
    fleet,
    operation,
    limits: {
      maxRequestsPerMinute: config.restMaxRequestsPerMinute,
      maxBodyBytes: config.restMaxBodyBytes,
      maxUpdateBytes: config.maxUpdateBytes,
    },
  })

  /** The role with which a connection opens a document, or goes on. Nobody has one that is in the bin or erased. */
  const roleOf = async ({ documentName, identity, isOpening }: RoleRequest): Promise<Role | undefined> => {
    const role = await permissions.roleOf(documentName, identity, isOpening)
    if (role === undefined) return undefined
    try {
      await assertAvailable(store, documentName)
    } catch (error) {
      // While the database is away, tokens that name their roles go on to work.
      if (!(error instanceof CodraftError) || error.errorCode !== 'CODRAFT_STORE_UNAVAILABLE') throw error
    }
    return role
  }
  return {
    permissions,
    documents,
    history,
    exports,
    eraser,
    emptyBin: emptyBin({ eraser, logger, keepMs: config.binKeepDays * dayMs }),
    automaticVersions,
    roleOf,
    rest,
  }
}

export interface RestOptions {
  readonly logger: Logger
  readonly verify: TokenVerifier
  readonly roleChanges: RestServices['roleChanges']
  readonly operation: RestServices['operation']
  /** Where this server listens. */
  readonly url: () => string
}

const dayMs = 86_400_000

/** Who made an edit, from the origin of its transaction. */
const userOf = (origin: unknown): string | undefined => {
  if (typeof origin !== 'object' || origin === null) return undefined
  const { connection, context } = origin as { connection?: { context?: unknown }; context?: unknown }
  return identityOf(connection?.context ?? context)?.userId
}
