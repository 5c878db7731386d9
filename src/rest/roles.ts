import type { FastifyRequest } from 'fastify'
import { roles, type Identity, type Role } from '../../extensions/auth/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import { assertAvailable } from '../documents/availability.ts'
import { assertDocumentName } from '../documents/document-name.ts'
import type { Editor } from '../documents/DocumentAccess.ts'
import { identityOf } from './authentication.ts'
import type { RestServices } from './services.ts'

export interface Caller {
  readonly identity: Identity
  readonly role: Role
  /** See {@link Editor.confirm}. */
  readonly confirm: () => Promise<void> | undefined
}

/**
 * The user of the request and the role on the document.
 *
 * @param isOpening makes the user the owner of a document that does not exist
 * @throws {CodraftError} CODRAFT_DOCUMENT_FORBIDDEN without any role, CODRAFT_ROLE_INSUFFICIENT with one below `least`,
 *   CODRAFT_DOCUMENT_DELETED, CODRAFT_DOCUMENT_ERASED
 */
export const requireRole = async (
  services: RestServices,
  request: FastifyRequest,
  documentName: string,
  least: Role,
  isOpening = false,
): Promise<Caller> => {
  const caller = await requireRoleInBin(services, request, documentName, least, isOpening)
  await assertAvailable(services.store, documentName)
  return caller
}

/** As {@link requireRole}, also while the document is in the bin. */
export const requireRoleInBin = async (
  services: RestServices,
  request: FastifyRequest,
  documentName: string,
  least: Role,
  isOpening = false,
): Promise<Caller> => {
  assertDocumentName(documentName)
  const identity = identityOf(request)
  const { permissions, roleChanges } = services
  let readAt = roleChanges.now
  const read = async (): Promise<Role> => {
    readAt = roleChanges.now
    const role = await permissions.roleOf(documentName, identity, isOpening)
    if (!role) throw new CodraftError('CODRAFT_DOCUMENT_FORBIDDEN')
    if (roles.indexOf(role) > roles.indexOf(least))
      throw new CodraftError('CODRAFT_ROLE_INSUFFICIENT', `needs the role ${least}`)
    return role
  }
  const role = await read()
  const confirm = (): Promise<void> | undefined =>
    roleChanges.since(documentName, readAt) ? read().then(() => undefined) : undefined
  return { identity, role, confirm }
}

/** The caller as the author of an edit. */
export const editorOf = ({ identity, role, confirm }: Caller, opId?: string): Editor => {
  const { userId: id, name, email, expiresAt } = identity
  return {
    context: {
      user: { id, ...(name !== undefined && { name }), ...(email !== undefined && { email }) },
      role,
      expiresAt,
    },
    ...(opId !== undefined && { opId }),
    confirm,
  }
}
