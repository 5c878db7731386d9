import { roleFor, roles, type Identity, type Role } from '../../extensions/auth/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import { addAuditEntries } from '../store/audit.ts'
import { createDocument, findDocument } from '../store/documents.ts'
import { deleteGrant, findGrant, listGrants, putGrant } from '../store/grants.ts'
import { acceptInvitation, findInvitation } from '../store/invitations.ts'
import type { StoreDatabase } from '../store/schema.ts'
import type { Store } from '../store/Store.ts'
import { findTombstone } from '../store/tombstones.ts'
import type { Actor, AuditAction } from './audit.ts'
import { commentsDocumentOf, mainDocumentOf } from './comments-document.ts'

export interface PermissionsOptions {
  readonly store: Store
  /** Whether anything was ever written to a document, wherever that is stored. */
  readonly hasContent: (documentName: string) => Promise<boolean>
  /** Users who may hold grants beside the claims of their token; the better of both counts. @default nobody */
  readonly isGuest?: (identity: Identity) => boolean
  /** Puts changed roles into effect on open connections, of all instances; resolves when that is done. */
  readonly onChanged: (documentName: string, userId?: string) => Promise<void>
}

export interface RoleChange {
  readonly documentName: string
  readonly userId: string
  /** Null takes the role away. */
  readonly role: Role | null
  readonly actor: Actor
  /** Further rows of the same transaction: events for the outbox, say. */
  readonly alongside?: (transaction: StoreDatabase) => Promise<void>
}

export interface Acceptance {
  readonly documentName: string
  readonly invitationId: string
  readonly identity: Identity
  readonly address: string | null
}

/**
 * Who may do what with a document. The `documents` claim of a token decides; users whose token has none have the roles
 * that the store has granted them. Whoever opens a document that does not exist yet owns it.
 */
export class Permissions {
  readonly #options: PermissionsOptions

  constructor(options: PermissionsOptions) {
    this.#options = options
  }

  /**
   * The role of a user on a document; undefined = none. On a document of comments it is `editor` for all who may comment
   * on the main document, else `viewer`.
   *
   * @param isOpening makes the user the owner of a document that does not exist
   * @throws {CodraftError} CODRAFT_STORE_UNAVAILABLE, and CODRAFT_DOCUMENT_ERASED when `isOpening`
   */
  async roleOf(documentName: string, identity: Identity, isOpening = false): Promise<Role | undefined> {
    const main = mainDocumentOf(documentName)
    const role = await this.#mainRoleOf(main ?? documentName, identity, isOpening)
    if (main === undefined || role === undefined) return role
    return role === 'viewer' ? 'viewer' : 'editor'
  }

  /**
   * Grants a role, or takes it away. When it resolves, open connections have it: no edit that arrives later is accepted
   * under the old role. That the actor is an owner is for the caller to check.
   *
   * @throws {CodraftError} CODRAFT_LAST_OWNER, CODRAFT_STORE_UNAVAILABLE
   */
  async change({ documentName, userId, role, actor, alongside }: RoleChange): Promise<void> {
    await this.#options.store.transaction(documentName, async (transaction) => {
      const before = (await findGrant(transaction, documentName, userId)) ?? null
      if (before === 'owner' && role !== 'owner') await assertAnotherOwner(transaction, documentName, userId)
      if (role === null) await deleteGrant(transaction, documentName, userId)
      else await grant(transaction, { documentName, userId, role, grantedBy: actor.userId })
      await addEntry(transaction, documentName, role === null ? 'revoked' : 'granted', actor, {
        user: userId,
        role,
        before,
      })
      await alongside?.(transaction)
    })
    await this.apply(documentName, userId)
  }

  /**
   * Accepts an invitation for a user; a better role that the user has already stays. Resolves to the role on the document.
   *
   * @throws {CodraftError} CODRAFT_INVITATION_INVALID when it was accepted, was revoked, has expired or does not exist
   */
  async accept({ documentName, invitationId, identity, address }: Acceptance): Promise<Role> {
    const { userId } = identity
    const role = await this.#options.store.transaction(documentName, async (transaction) => {
      const invitation = await findInvitation(transaction, invitationId)
      const at = Date.now()
      const isValid =
        invitation?.documentName === documentName &&
        (await acceptInvitation(transaction, { id: invitationId, userId, at }))
      if (!isValid) throw new CodraftError('CODRAFT_INVITATION_INVALID')
      const before = await findGrant(transaction, documentName, userId)
      const role = better(before, invitation.role) as Role
      if (role === before) return role
      await grant(transaction, { documentName, userId, role, grantedBy: invitation.invitedBy })
      await addEntry(
        transaction,
        documentName,
        'granted',
        { userId, address },
        { user: userId, role, before: before ?? null, invitation: invitationId },
      )
      return role
    })
    await this.apply(documentName, userId)
    return role
  }

  /** Puts what the store says into effect on open connections: of a user, or of everybody. */
  async apply(documentName: string, userId?: string): Promise<void> {
    const { onChanged } = this.#options
    await Promise.all([onChanged(documentName, userId), onChanged(commentsDocumentOf(documentName), userId)])
  }

  async #mainRoleOf(documentName: string, identity: Identity, isOpening: boolean): Promise<Role | undefined> {
    const claimed = identity.documents && roleFor(identity.documents, documentName)
    if (!identity.documents) return this.#grantedRoleOf(documentName, identity, isOpening)
    if (claimed === undefined || !this.#options.isGuest?.(identity)) return claimed
    try {
      return better(claimed, await this.#grantedRoleOf(documentName, identity, isOpening))
    } catch (error) {
      if (isUnavailable(error)) return claimed
      throw error
    }
  }

  async #grantedRoleOf(
    documentName: string,
    identity: Identity,
    isOpening: boolean,
  ): Promise<Role | undefined> {
    const db = this.#options.store.of(documentName)
    const role = await findGrant(db, documentName, identity.userId)
    if (role || !isOpening || (await findDocument(db, documentName))) return role
    return this.#create(documentName, identity.userId)
  }

  /** The owner's role for whoever is first; a document with content that the store does not know is nobody's to take. */
  async #create(documentName: string, userId: string): Promise<Role | undefined> {
    const { store, hasContent } = this.#options
    const isNew = !(await hasContent(documentName))
    return store.transaction(documentName, async (transaction) => {
      if (await findTombstone(transaction, documentName)) throw new CodraftError('CODRAFT_DOCUMENT_ERASED')
      const ownerId = isNew ? userId : null
      const isFirst = await createDocument(transaction, { name: documentName, ownerId, at: Date.now() })
      if (!isFirst) return findGrant(transaction, documentName, userId)
      if (!isNew) return undefined
      await grant(transaction, { documentName, userId, role: 'owner', grantedBy: null })
      await addEntry(transaction, documentName, 'created', { userId, address: null })
      return 'owner'
    })
  }
}

const grant = (
  db: StoreDatabase,
  granted: {
    readonly documentName: string
    readonly userId: string
    readonly role: Role
    readonly grantedBy: string | null
  },
): Promise<void> => putGrant(db, { ...granted, grantedAt: Date.now() })

const addEntry = (
  db: StoreDatabase,
  documentName: string,
  action: AuditAction,
  actor: Actor,
  detail?: Readonly<Record<string, string | null>>,
): Promise<void> =>
  addAuditEntries(db, [{ documentName, action, ...actor, at: Date.now(), ...(detail && { detail }) }])

const assertAnotherOwner = async (db: StoreDatabase, documentName: string, userId: string): Promise<void> => {
  const grants = await listGrants(db, documentName)
  if (!grants.some((other) => other.role === 'owner' && other.userId !== userId)) {
    throw new CodraftError('CODRAFT_LAST_OWNER')
  }
}

const better = (a: Role | undefined, b: Role | undefined): Role | undefined => {
  if (!a || !b) return a ?? b
  return roles.indexOf(a) <= roles.indexOf(b) ? a : b
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof CodraftError && error.errorCode === 'CODRAFT_STORE_UNAVAILABLE'
