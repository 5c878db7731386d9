import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  /** Headers and body as they came. */
  readonly raw: string
}

/** What the server answers to a recipient; undefined = takes the mail. */
export type Refusal = (recipient: string) => { readonly code: number; readonly message: string } | undefined

export interface TestSmtp extends AsyncDisposable {
  readonly url: string
  readonly mails: readonly ReceivedMail[]
  refuse: Refusal
}

/** A real SMTP server that keeps what it gets; the answers are for the test to decide. */
export const startSmtp = async (port = 0): Promise<TestSmtp> => {
  const mails: ReceivedMail[] = []
  const smtp = {
    url: '',
    mails,
    refuse: (() => undefined) as Refusal,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(resolve)
      })
    },
  }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo({ address }, _session, done) {
      const refusal = smtp.refuse(address)
      done(refusal && Object.assign(new Error(refusal.message), { responseCode: refusal.code }))
    },
    onData(stream, { envelope }, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        mails.push({
          from: envelope.mailFrom ? envelope.mailFrom.address : '',
          to: envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(parts).toString(),
        })
        done()
      })
    },
  })
  server.on('error', () => undefined)
  const listening = server.listen(port, '127.0.0.1')
  await once(listening, 'listening')
  smtp.url = `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`
  return smtp
}
