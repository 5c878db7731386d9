import { captureMail } from '../../store/captured-mails.ts'
import type { Store } from '../../store/Store.ts'
import type { Mail, MailTransport } from './MailTransport.ts'

/** Keeps mails in the store instead of sending them: for a server that was given no SMTP_URL. */
export class CapturedMailbox implements MailTransport {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  async send({ id, to, subject, text, html }: Mail): Promise<void> {
    await captureMail(this.#store, { id, recipient: to, subject, text, html, at: Date.now() })
  }

  close(): void {}
}
