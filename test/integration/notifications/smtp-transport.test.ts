import { generateKeyPairSync } from 'node:crypto'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { expect, it } from 'vitest'
import { MailRefused, MailServiceDown, type Mail } from '../../../src/notifications/mail/MailTransport.ts'
import { SmtpTransport, type SmtpOptions } from '../../../src/notifications/mail/SmtpTransport.ts'
import { freePort } from '../../../scripts/services/network.ts'
import { startSmtp } from '../../helpers/smtp.ts'

const mail: Mail = {
  id: 'event-1',
  to: 'bob@example.org',
  subject: 'Ada invited you\r\nBcc: eve@example.org',
  text: 'Open it: https://docs.example/?doc=x\n',
  html: '<p>Open <a href="https://docs.example/?doc=x">it</a></p>',
  unsubscribeUrl: `https://docs.example/api/notifications/unsubscribe?token=${'x'.repeat(200)}`,
}

const open = (url: string, options: Partial<SmtpOptions> = {}) => {
  const transport = new SmtpTransport({
    url,
    from: 'codraft <docs@docs.example>',
    requireTls: false,
    ...options,
  })
  return {
    send: (change: Partial<Mail> = {}) => transport.send({ ...mail, ...change }),
    [Symbol.dispose]: () => transport.close(),
  }
}

const headersOf = (raw: string): string => (raw.split('\r\n\r\n')[0] as string).replaceAll(/\r\n[ \t]/g, ' ')

it('sends one mail to one person, in HTML and text, and signs how to end such mails', async () => {
  await using smtp = await startSmtp()
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  using transport = open(smtp.url, {
    dkim: {
      domain: 'docs.example',
      selector: 'mail',
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    },
  })
  await transport.send()
  await transport.send({ to: 'ann@example.org, eve@example.org' }).catch(() => undefined)
  const [sent, ...rest] = smtp.mails
  expect(rest).toEqual([])
  expect(sent).toMatchObject({ from: 'docs@docs.example', to: ['bob@example.org'] })
  const headers = headersOf(sent!.raw)
  expect(headers).toMatch(
    /^List-Unsubscribe: <https:\/\/docs\.example\/api\/notifications\/unsubscribe\?token=x{200}>$/m,
  )
  expect(headers).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click$/m)
  expect(headers).toMatch(/^Auto-Submitted: auto-generated$/m)
  expect(headers).not.toMatch(/^Bcc:/m)
  expect(sent!.raw).toContain('Content-Type: text/plain')
  expect(sent!.raw).toContain('Content-Type: text/html')

  const record = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`
  const { results } = await dkimVerify(Buffer.from(sent!.raw), { resolver: async () => [[record]] })
  expect(results[0]?.status.result).toBe('pass')
  const signed = /^DKIM-Signature:.* h=([^;]*);/im.exec(headers)?.[1]?.replaceAll(/\s/g, '').toLowerCase()
  expect(signed?.split(':')).toEqual(expect.arrayContaining(['list-unsubscribe', 'list-unsubscribe-post']))
})

it('gives the same notification the same Message-ID, another one another', async () => {
  await using smtp = await startSmtp()
  using transport = open(smtp.url)
  for (const id of ['a', 'a', 'b']) await transport.send({ id })
  const ids = smtp.mails.map(({ raw }) => /^Message-ID: (.*)$/im.exec(headersOf(raw))?.[1])
  expect(ids[0]).toMatch(/^<[0-9a-f]{40}@docs\.example>$/)
  expect([ids[1] === ids[0], ids[2] === ids[0]]).toEqual([true, false])
})

it('tells apart what will never be taken, what may be later, and a service that is away', async () => {
  await using smtp = await startSmtp()
  using transport = open(smtp.url)
  const failure = (code: number) => {
    smtp.refuse = () => ({ code, message: 'no' })
    return transport.send().then(
      () => undefined,
      (error: unknown) => error,
    )
  }
  expect(await failure(550)).toBeInstanceOf(MailRefused)
  const greylisted = await failure(450)
  expect(greylisted).toBeInstanceOf(Error)
  expect(greylisted).not.toBeInstanceOf(MailRefused)
  expect(greylisted).not.toBeInstanceOf(MailServiceDown)
  expect(await failure(421)).toBeInstanceOf(MailServiceDown)
  smtp.refuse = () => undefined
  await transport.send()
  expect(smtp.mails).toHaveLength(1)
})

it('takes a server that is away, or offers no TLS where that is required, for a service that is away', async () => {
  using nowhere = open(`smtp://127.0.0.1:${await freePort()}`)
  await expect(nowhere.send()).rejects.toThrow(MailServiceDown)
  await using smtp = await startSmtp()
  using strict = open(smtp.url, { requireTls: true })
  await expect(strict.send()).rejects.toThrow(MailServiceDown)
  expect(smtp.mails).toEqual([])
})
