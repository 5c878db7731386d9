/** A mail as it leaves. */
export interface Mail {
  /** The same for the same notification to the same person: what `Message-ID` is made of. */
  readonly id: string
  /** One address. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  /** Ends such mails by one POST (RFC 8058); also opens a page. */
  readonly unsubscribeUrl: string
}

/**
 * Takes mails to people.
 *
 * @throws {MailRefused} when this mail will never be taken
 * @throws {MailServiceDown} when no mail is taken at the moment
 * @throws any other error when this mail may be taken later
 */
export interface MailTransport {
  send(mail: Mail): Promise<void>
  close(): void | Promise<void>
}

export class MailRefused extends Error {
  override readonly name = 'MailRefused'
}

export class MailServiceDown extends Error {
  override readonly name = 'MailServiceDown'
}
