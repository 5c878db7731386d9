import { createHash } from 'node:crypto'
import { headlineOf, linkOf, titleOf, type Notification } from '../wording.ts'

/** What the service worker of the page shows. */
export interface PushMessage {
  readonly title: string
  readonly body: string
  /** Where a click leads. */
  readonly url: string
  /** A later notification with the same tag takes the place of the earlier; also a `Topic` (RFC 8030, section 5.4). */
  readonly tag: string
}

/** Push services take 4096 bytes: header, padding delimiter and tag of the encryption take 103 of them (RFC 8291). */
export const maxPushBytes = 4_096 - 103

const maxUrlLength = 2_500

/** The message about a notification, as JSON of at most `maxPushBytes`; a text that is too long is cut. */
export const pushAbout = (event: Notification, publicUrl: string): PushMessage => {
  const link = linkOf(event, publicUrl)
  const said = event.type === 'document.shared' ? event.data.message?.trim() : undefined
  const message = {
    title: titleOf(event),
    body: said ? `${headlineOf(event)}\n${said}` : headlineOf(event),
    url: link.length > maxUrlLength ? `${publicUrl}/` : link,
    tag: tagOf(event),
  }
  return { ...message, body: fitting(message) }
}

/** News of edits replace each other; anything else replaces only itself, when it is sent again. */
const tagOf = ({ id, type, documentName }: Notification): string =>
  createHash('sha256')
    .update(type === 'document.changed' ? `${type} ${documentName}` : id)
    .digest('base64url')
    .slice(0, 32)

const fitting = (message: PushMessage): string => {
  const surplusOf = (body: string): number =>
    Buffer.byteLength(JSON.stringify({ ...message, body })) - maxPushBytes
  let letters = Array.from(message.body)
  let { body } = message
  // A letter takes up to twelve bytes: two escaped surrogates.
  for (let surplus = surplusOf(body); surplus > 0 && letters.length > 0; surplus = surplusOf(body)) {
    letters = letters.slice(0, -Math.max(1, Math.ceil(surplus / 12)))
    body = `${letters.join('')}…`
  }
  return body
}
