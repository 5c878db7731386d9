/** What one may do with a document, the most first. */
export const roles = ['owner', 'editor', 'commenter', 'viewer'] as const

export type Role = (typeof roles)[number]

export const roleNames: Readonly<Record<Role, string>> = {
  owner: 'Owner',
  editor: 'Can edit',
  commenter: 'Can comment',
  viewer: 'Can view',
}
