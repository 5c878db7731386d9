import type { CodraftEvent, EventType } from '../../extensions/events/index.ts'

/** What a user can be told, and say no to. */
export const notificationTypes = [
  'document.shared',
  'user.mentioned',
  'export.ready',
  'document.changed',
] as const satisfies readonly EventType[]

export type NotificationType = (typeof notificationTypes)[number]

/** An event that tells a user something. */
export type Notification = { [Type in NotificationType]: CodraftEvent<Type> }[NotificationType]

export const isNotification = (event: { readonly type: string }): event is Notification =>
  (notificationTypes as readonly string[]).includes(event.type)

const roleWords = {
  owner: 'made you an owner of',
  editor: 'invited you to edit',
  commenter: 'invited you to comment on',
  viewer: 'invited you to read',
} as const

const maxWords = 120

/** Names come from users: one line, and not longer than a line. */
const plain = (text: string): string => {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()
  const letters = Array.from(line)
  return letters.length <= maxWords ? line : `${letters.slice(0, maxWords - 1).join('')}…`
}

const nameOf = ({ id, name }: { readonly id: string; readonly name?: string | undefined }): string =>
  plain(name ?? '') || plain(id)

/** The document that it is about. */
export const titleOf = ({ documentName, data }: Notification): string =>
  plain(data.title ?? '') || plain(documentName)

/** One sentence, without its full stop, that tells what has happened. */
export const headlineOf = (event: Notification): string => {
  const title = `“${titleOf(event)}”`
  switch (event.type) {
    case 'document.shared':
      return `${nameOf(event.data.by)} ${roleWords[event.data.role]} ${title}`
    case 'user.mentioned':
      return `${nameOf(event.data.by)} mentioned you in ${event.data.place === 'comment' ? 'a comment on ' : ''}${title}`
    case 'export.ready': {
      const format = event.data.format.toUpperCase()
      return event.data.state === 'ready'
        ? `${title} is ready as ${format}`
        : `${title} could not be written as ${format}`
    }
    case 'document.changed':
      return event.data.by ? `${nameOf(event.data.by)} has edited ${title}` : `${title} has been edited`
  }
}

/** Where it leads: the document, or the file. */
export const linkOf = (event: Notification, publicUrl: string): string => {
  if ((event.type === 'document.shared' || event.type === 'export.ready') && event.data.url)
    return event.data.url
  return `${publicUrl}/?${new URLSearchParams({ doc: event.documentName }).toString()}`
}
