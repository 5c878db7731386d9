import { eventTypes, newEvent, type CodraftEvent } from '../../../extensions/events/index.ts'
import { inSpan } from '../../../extensions/tracing/index.ts'
import { addEvent } from '../../store/outbox.ts'
import { dueRecipients, mayGoAtOnce, noteMail, takeGathered } from '../../store/gathered-mails.ts'
import type { Store } from '../../store/Store.ts'
import { nameAuthor } from '../name-author.ts'
import { addressOwner, recipientOf, wants, type Recipient } from '../recipients.ts'
import type { UnsubscribeLinks } from '../UnsubscribeLinks.ts'
import { isNotification, type Notification } from '../wording.ts'
import { digestOf, mailAbout } from './compose-mail.ts'
import type { Mail, MailTransport } from './MailTransport.ts'

export interface MailerOptions {
  readonly store: Store
  readonly transport: MailTransport
  readonly links: UnsubscribeLinks
  /** Address of the page, without a slash at its end. */
  readonly publicUrl: () => string
  /** Whoever got a mail gets the next one, with all that happened since, no sooner than after this, ms. */
  readonly quietMs: number
  /** How long news of edits are gathered, ms. */
  readonly changesWaitMs: number
}

export type MailEvent = Notification | CodraftEvent<'digest.due'>

const maxListed = 50
const recipientsAtOnce = 100

/** Tells people by mail: at once when they got none lately, else together with what comes after. */
export class Mailer {
  readonly #options: MailerOptions

  constructor(options: MailerOptions) {
    this.#options = options
  }

  /** Resolves when the mail is sent, or gathered, or not wanted. Rejects as {@link MailTransport} does. */
  async deliver(event: MailEvent): Promise<void> {
    const { store, transport } = this.#options
    const recipient = await recipientOf(store, event)
    const { email } = recipient
    if (email === undefined) return
    const mail = isNotification(event)
      ? await this.#mailAbout(await nameAuthor(store, event), { ...recipient, email })
      : await this.#digestOf(event, { ...recipient, email })
    if (mail) await inSpan('send mail', { kind: 'client' }, () => transport.send(mail))
  }

  /** Makes one event of what was gathered for each person that is due; it comes back to {@link deliver}. */
  async publishDigests(now: number): Promise<void> {
    const { store } = this.#options
    for (const db of store.all) {
      for (;;) {
        const recipients = await dueRecipients(db, now, recipientsAtOnce)
        for (const recipient of recipients) await this.#publishDigest(recipient, now)
        if (recipients.length < recipientsAtOnce) break
      }
    }
  }

  close(): void | Promise<void> {
    return this.#options.transport.close()
  }

  async #mailAbout(
    event: Notification,
    recipient: Recipient & { readonly email: string },
  ): Promise<Mail | undefined> {
    const { store, quietMs, changesWaitMs } = this.#options
    if (!(await wants(store, recipient, 'email', event.type))) return undefined
    const { email } = recipient
    const notice = {
      recipient: email,
      eventId: event.id,
      documentName: event.documentName,
      event: JSON.stringify(event),
      at: Date.now(),
    }
    const rules = { quietMs, mustWait: event.type === 'document.changed', waitMs: changesWaitMs }
    const goes = await store.userTransaction(email, (tx) => mayGoAtOnce(tx, notice, rules))
    return goes ? mailAbout(event, await this.#frame(event.id, recipient, event.type)) : undefined
  }

  async #digestOf(
    { id, data }: CodraftEvent<'digest.due'>,
    recipient: Recipient & { readonly email: string },
  ): Promise<Mail | undefined> {
    const events: Notification[] = []
    for (const item of data.items) {
      const event = notificationIn(item)
      // Whoever has unsubscribed meanwhile is not told any more.
      if (event && (await wants(this.#options.store, recipient, 'email', event.type))) events.push(event)
    }
    const [only] = events
    if (!only) return undefined
    if (events.length === 1 && data.more === 0)
      return mailAbout(only, await this.#frame(id, recipient, only.type))
    return digestOf(events, data.more, await this.#frame(id, recipient, '*'))
  }

  async #publishDigest(recipient: string, now: number): Promise<void> {
    await this.#options.store.userTransaction(recipient, async (tx) => {
      const gathered = await takeGathered(tx, recipient)
      if (gathered.length === 0) return
      const items = gathered
        .slice(0, maxListed)
        .map(({ event }) => JSON.parse(event) as CodraftEvent<'digest.due'>['data']['items'][number])
      const [first] = items
      const event = newEvent('digest.due', {
        documentName: first?.documentName ?? '',
        data: { email: recipient, items, more: gathered.length - items.length },
      })
      await addEvent(tx, event)
      await noteMail(tx, { recipient, eventId: event.id, at: now })
    })
  }

  async #frame(id: string, { userId, email }: Recipient & { readonly email: string }, type: Unsubscribed) {
    const { links, publicUrl } = this.#options
    const owner = userId ?? addressOwner(email)
    return { id, to: email, publicUrl: publicUrl(), unsubscribeUrl: await links.linkTo({ owner, type }) }
  }
}

type Unsubscribed = Parameters<UnsubscribeLinks['linkTo']>[0]['type']

/** What was gathered by an older release may have another shape. */
const notificationIn = (item: {
  readonly type: string
  readonly data: unknown
}): Notification | undefined => {
  if (!isNotification(item)) return undefined
  return eventTypes[item.type].data.safeParse(item.data).success ? item : undefined
}
