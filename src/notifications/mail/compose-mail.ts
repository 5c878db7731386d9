import Handlebars from 'handlebars'
import { headlineOf, linkOf, type Notification } from '../wording.ts'
import { templates } from './compiled-templates.ts'
import type { Mail } from './MailTransport.ts'

type TemplateName = keyof typeof templates

/** What a mail is made of besides its notifications. */
export interface MailFrame {
  /** The event that it is about. */
  readonly id: string
  readonly to: string
  readonly unsubscribeUrl: string
  readonly publicUrl: string
}

const compiled = new Map<TemplateName, Record<'subject' | 'text' | 'html', (data: object) => string>>()

const compile = (name: TemplateName) => {
  const { subject, text, html } = templates[name]
  const plain = { noEscape: true, strict: false }
  return {
    subject: Handlebars.compile(subject, plain),
    text: Handlebars.compile(text, plain),
    html: Handlebars.compile(html),
  }
}

const render = (name: TemplateName, frame: MailFrame, data: object): Mail => {
  const template = compiled.get(name) ?? compile(name)
  compiled.set(name, template)
  const { id, to, unsubscribeUrl } = frame
  const all = { ...data, unsubscribeUrl, email: to }
  return {
    id,
    to,
    unsubscribeUrl,
    subject: template.subject(all),
    text: `${template.text(all)}\n`,
    html: template.html(all),
  }
}

const timeText = (ms: number): string =>
  `${new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(ms)} UTC`

/** The mail about one notification. */
export const mailAbout = (event: Notification, frame: MailFrame): Mail => {
  const common = { headline: headlineOf(event), url: linkOf(event, frame.publicUrl) }
  switch (event.type) {
    case 'document.shared':
      return render('shared', frame, {
        ...common,
        message: event.data.message?.trim(),
        reason: `${event.data.by.name ?? event.data.by.id} entered your address.`,
      })
    case 'user.mentioned':
      return render('mentioned', frame, { ...common, reason: 'You get this because you were mentioned.' })
    case 'export.ready': {
      const { state, expiresAt } = event.data
      return render('exported', frame, {
        ...common,
        url: state === 'ready' && common.url,
        expires: state === 'ready' && expiresAt !== undefined && timeText(expiresAt),
        reason: 'You get this because you asked for the file.',
      })
    }
    case 'document.changed':
      return digestOf([event], 0, frame)
  }
}

/** One mail about several notifications, the oldest first; `more` of them are not listed. */
export const digestOf = (events: readonly Notification[], more: number, frame: MailFrame): Mail => {
  const items = events.map((event) => ({
    headline: headlineOf(event),
    url: linkOf(event, frame.publicUrl),
    time: timeText(event.time),
  }))
  const count = items.length + more
  const subject = count === 1 ? items[0]?.headline : `${count} notifications: ${items[0]?.headline} …`
  return render('digest', frame, {
    subject,
    headline: count === 1 ? 'Since you were here' : `${count} notifications for you`,
    items,
    more,
    reason: 'You get this because you opened, or were invited to, these documents.',
  })
}
