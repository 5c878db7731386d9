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

/** Completes what an event says about whom it is for. */
export const recipientOf = async (
  store: Store,
  {
    userId,
    data,
  }: { readonly userId?: string | undefined; readonly data: { readonly email?: string | undefined } },
): Promise<Recipient> => {
  const said = data.email?.toLowerCase()
  if (userId === undefined) {
    const user = said === undefined ? undefined : await findUserByEmail(store, said)
    return { ...(user && { userId: user.id }), ...(said !== undefined && { email: said }) }
  }
  const email = said ?? (await findUsers(store, [userId])).get(userId)?.email?.toLowerCase()
  return { userId, ...(email !== undefined && { email }) }
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
