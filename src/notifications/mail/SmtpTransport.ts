import { createHash } from 'node:crypto'
import { createTransport, type Transporter } from 'nodemailer'
import { MailRefused, MailServiceDown, type Mail, type MailTransport } from './MailTransport.ts'

export interface SmtpOptions {
  /** `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. */
  readonly url: string
  /** Sender, with or without a name. */
  readonly from: string
  /** Nothing is sent to a server that does not offer STARTTLS. */
  readonly requireTls: boolean
  readonly dkim?: DkimOptions | undefined
}

export interface DkimOptions {
  readonly domain: string
  readonly selector: string
  /** PEM. */
  readonly privateKey: string
}

const connectionTimeoutMs = 10_000
const socketTimeoutMs = 30_000
const maxConnections = 5

/** What is signed: the default of nodemailer, and the two headers that unsubscribing needs (RFC 8058, section 4). */
const signedHeaders = [
  'From:Sender:Reply-To:Subject:Date:Message-ID:To:Cc:MIME-Version:Content-Type',
  'List-Unsubscribe:List-Unsubscribe-Post',
].join(':')

/** Sends by SMTP over a few connections that are kept. */
export class SmtpTransport implements MailTransport {
  readonly #transporter: Transporter
  readonly #host: string

  constructor({ url, from, requireTls, dkim }: SmtpOptions) {
    this.#host = /@([^\s<>@]+)>?\s*$/.exec(from)?.[1] ?? 'localhost'
    this.#transporter = createTransport(
      {
        url,
        pool: true,
        maxConnections,
        requireTLS: requireTls,
        connectionTimeout: connectionTimeoutMs,
        greetingTimeout: connectionTimeoutMs,
        socketTimeout: socketTimeoutMs,
        disableFileAccess: true,
        disableUrlAccess: true,
        ...(dkim && {
          dkim: {
            domainName: dkim.domain,
            keySelector: dkim.selector,
            privateKey: dkim.privateKey,
            headerFieldNames: signedHeaders,
          },
        }),
      },
      { from },
    )
  }

  async send({ id, to, subject, text, html, unsubscribeUrl }: Mail): Promise<void> {
    const hash = createHash('sha256').update(`${id}\n${to}`).digest('hex').slice(0, 40)
    try {
      await this.#transporter.sendMail({
        messageId: `<${hash}@${this.#host}>`,
        // An object: a text would be parsed, and a comma in it make two addresses.
        to: { name: '', address: to },
        subject,
        text,
        html,
        list: { unsubscribe: unsubscribeUrl },
        headers: {
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
          'Auto-Submitted': 'auto-generated',
        },
      })
    } catch (error) {
      throw failureOf(error as SmtpError)
    }
  }

  close(): void {
    this.#transporter.close()
  }
}

interface SmtpError extends Error {
  readonly code?: string
  /** Of the server. */
  readonly responseCode?: number
  /** What it was the answer to. */
  readonly command?: string
}

/** Answers to anything else are about this server as a client, or about the sender, and so about every mail. */
const isAboutMail = ({ command }: SmtpError): boolean => command === 'RCPT TO' || command === 'DATA'

/** 421: the service closes; 530 and 538: it wants a login or TLS that the settings do not give. */
const serviceCodes: ReadonlySet<number> = new Set([421, 530, 538])

const failureOf = (error: SmtpError): Error => {
  const { responseCode, code } = error
  if (responseCode === undefined) {
    // What was wrong with the mail itself never reached the server.
    if (code === 'EENVELOPE' || code === 'EMESSAGE') return new MailRefused(error.message, { cause: error })
    return new MailServiceDown(error.message, { cause: error })
  }
  if (serviceCodes.has(responseCode) || !isAboutMail(error))
    return new MailServiceDown(error.message, { cause: error })
  return responseCode >= 500 ? new MailRefused(error.message, { cause: error }) : error
}
