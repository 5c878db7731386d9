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

export const canWrite = (role: Role): boolean => role === 'owner' || role === 'editor'
