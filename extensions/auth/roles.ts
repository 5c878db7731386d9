import { CodraftError } from '../errors.ts'

/** From the most to the least powerful. A commenter and a viewer cannot change the document. */
export const roles = ['owner', 'editor', 'commenter', 'viewer'] as const

export type Role = (typeof roles)[number]

/** Roles by document name, or by a prefix of document names that ends in `*`. */
export type DocumentRoles = Readonly<Record<string, Role>>

/**
 * The role that `documents` grants on a document: the exact name wins, otherwise the longest prefix.
 *
 * A key that ends in `*` is always a prefix, never a name. An application that copies names which its users
 * choose into a token must therefore refuse names that end in `*`.
 */
export const roleFor = (documents: DocumentRoles, documentName: string): Role | undefined => {
  if (!documentName.endsWith('*') && Object.hasOwn(documents, documentName)) return documents[documentName]
  let longest: string | undefined
  for (const key of Object.keys(documents)) {
    if (
      key.endsWith('*') &&
      documentName.startsWith(key.slice(0, -1)) &&
      key.length > (longest?.length ?? 0)
    ) {
      longest = key
    }
  }
  return longest === undefined ? undefined : documents[longest]
}

/**
 * The role of a user on a document.
 *
 * @param defaultRole the role of a user whose token has no `documents` claim; without it such a token grants nothing
 * @throws {CodraftError} CODRAFT_DOCUMENT_FORBIDDEN
 */
export const requireRole = (
  identity: { readonly documents?: DocumentRoles },
  documentName: string,
  defaultRole?: Role,
): Role => {
  const role = identity.documents ? roleFor(identity.documents, documentName) : defaultRole
  if (!role) throw new CodraftError('CODRAFT_DOCUMENT_FORBIDDEN')
  return role
}

export const canWrite = (role: Role): boolean => role === 'owner' || role === 'editor'
