import { listGrants } from '../store/grants.ts'
import { listPreferences, type NotificationPreference } from '../store/preferences.ts'
import type { Store } from '../store/Store.ts'
import { findUserByEmail, findUsers } from '../store/users.ts'

/** Ways by which users are told. */
export const channels = ['email', 'push', 'in-app'] as const
export type Channel = (typeof channels)[number]

/** Who is to be told: a user that is known, or an address that nobody is known by. */
export interface Recipient {
  readonly userId?: string
  /** In lower case. */
  readonly email?: string
}

interface Addressed {
  readonly type: string
  readonly documentName: string
  readonly userId?: string | undefined
  readonly data: { readonly email?: string | undefined }
}

/** What tells of the content of a document is for those who may read it. */
const isAboutContent = (type: string): boolean => type === 'user.mentioned' || type === 'document.changed'

/** Completes what an event says about whom it is for; nobody, when they may not know. */
export const recipientOf = async (
  store: Store,
  { type, documentName, userId, data }: Addressed,
): Promise<Recipient> => {
  if (userId === undefined) {
    const email = data.email?.toLowerCase()
    const user = email === undefined ? undefined : await findUserByEmail(store, email)
    return { ...(user && { userId: user.id }), ...(email !== undefined && { email }) }
  }
  if (isAboutContent(type) && !(await mayRead(store, documentName, userId))) return {}
  const email = data.email?.toLowerCase() ?? (await emailOf(store, userId))
  return { userId, ...(email !== undefined && { email }) }
}

/** The address of a user, in lower case. */
export const emailOf = async (store: Store, userId: string): Promise<string | undefined> =>
  (await findUsers(store, [userId])).get(userId)?.email?.toLowerCase()

/** Where no roles are granted, the application keeps the permissions, and only it could tell. */
const mayRead = async (store: Store, documentName: string, userId: string): Promise<boolean> => {
  const grants = await listGrants(store.of(documentName), documentName)
  return grants.length === 0 || grants.some((grant) => grant.userId === userId)
}

/** Preferences of an address belong to whoever reads its mails, known or not. */
export const addressOwner = (email: string): string => `mailto:${email.toLowerCase()}`

/** Whether a channel is wanted for a type of event: what is said about the type counts, else what is said about all. */
export const isEnabled = (
  preferences: readonly NotificationPreference[],
  channel: Channel,
  type: string,
): boolean => {
  const said = (about: string) =>
    preferences.find((preference) => preference.channel === channel && preference.type === about)?.enabled
  return said(type) ?? said('*') ?? true
}

/** Whether a recipient wants to be told; both the user and the address may have said no. */
export const wants = async (
  store: Store,
  { userId, email }: Recipient,
  channel: Channel,
  type: string,
): Promise<boolean> => {
  const owners = [
    ...(userId === undefined ? [] : [userId]),
    ...(email === undefined ? [] : [addressOwner(email)]),
  ]
  const said = await Promise.all(owners.map((owner) => listPreferences(store.ofUser(owner), owner)))
  return said.every((preferences) => isEnabled(preferences, channel, type))
}
