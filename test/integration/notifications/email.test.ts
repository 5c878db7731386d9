import { expect, it } from 'vitest'
import { freePort } from '../../../scripts/services/network.ts'
import { acceptInvitation } from '../../helpers/invitations.ts'
import { documentPath, restClient } from '../../helpers/rest.ts'
import { startServer, type TestServer, type TestServerOptions } from '../../helpers/server.ts'
import { startSmtp, type ReceivedMail } from '../../helpers/smtp.ts'

const ownRoles = { documents: null }

const start = async (env: TestServerOptions['env'] = {}): Promise<TestServer> =>
  startServer({ env: { OPERATORS: 'olga', ...env } })

const share = async (server: TestServer, name: string, email = 'bob@example.org'): Promise<void> => {
  const ada = await restClient(server, 'ada', ownRoles)
  await ada.put(documentPath(name), { body: `content of ${name}` })
  const { status } = await ada.post(documentPath(name, '/share'), { body: { email, role: 'editor' } })
  expect(status).toBe(201)
}

interface Captured {
  readonly to: string
  readonly subject: string
  readonly text: string
}

const mailbox = async (server: TestServer): Promise<readonly Captured[]> =>
  (await (await restClient(server, 'olga')).get('/api/mailbox')).json['items'] as Captured[]

const textOf = ({ raw }: ReceivedMail): string => {
  const part = /Content-Type: text\/plain[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/.exec(raw)?.[1] ?? ''
  const unfolded = part.replaceAll(/=\r\n/g, '')
  return decodeURIComponent(unfolded.replaceAll('%', '%25').replaceAll(/=([0-9A-F]{2})/g, '%$1'))
}

it('without SMTP a mail is kept; its link gives the role, and the next ones come in a digest', async () => {
  await using server = await start({ MAIL_QUIET_MS: '2000' })
  for (const name of ['first', 'second', 'third']) await share(server, name)
  await expect.poll(async () => (await mailbox(server)).length).toBe(2)
  const [digest, first] = await mailbox(server)
  expect(first).toMatchObject({ to: 'bob@example.org', subject: 'ada invited you to edit “first”' })
  expect(digest?.subject).toContain('2 notifications')
  const bob = await restClient(server, 'bob', ownRoles)
  expect((await bob.get(documentPath('first'))).status).toBe(403)
  expect(await acceptInvitation(bob, first!.text)).toEqual({ document: 'first', role: 'editor' })
  expect((await bob.get(documentPath('first'))).status).toBe(200)
  expect(digest!.text).toContain('doc=third')
})

it('an SMTP server that is away holds mails up, and gets each of them once', async () => {
  const port = await freePort()
  await using server = await start({
    SMTP_URL: `smtp://127.0.0.1:${port}`,
    MAIL_FROM: 'Docs <docs@docs.example>',
  })
  await share(server, 'late')
  await expect
    .poll(() => server.log.some(({ msg, err }) => /away|down|wait/i.test(JSON.stringify([msg, err]))))
    .toBe(true)
  await using smtp = await startSmtp(port)
  await expect.poll(() => smtp.mails.length).toBe(1)
  expect(smtp.mails[0]).toMatchObject({ from: 'docs@docs.example', to: ['bob@example.org'] })
  const bob = await restClient(server, 'bob', ownRoles)
  expect(await acceptInvitation(bob, textOf(smtp.mails[0]!))).toEqual({ document: 'late', role: 'editor' })
  await share(server, 'other', 'carol@example.org')
  await expect.poll(() => smtp.mails.length).toBe(2)
})

it('an address that is refused for good holds up nobody else', async () => {
  await using smtp = await startSmtp()
  smtp.refuse = (address) =>
    address.startsWith('nobody@') ? { code: 550, message: 'no such user' } : undefined
  await using server = await start({ SMTP_URL: smtp.url })
  await share(server, 'x', 'nobody@example.org')
  await share(server, 'x', 'bob@example.org')
  await expect.poll(() => smtp.mails.map(({ to }) => to[0])).toEqual(['bob@example.org'])
  const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text()
  await expect.poll(metrics).toContain('codraft_worker_dead_total{worker="email"} 1')
})

it('an address that is to be tried again later holds up nobody else, and gets its mail once', async () => {
  await using smtp = await startSmtp()
  let refusals = 0
  smtp.refuse = (recipient) =>
    recipient.startsWith('greylisted') && refusals++ < 3
      ? { code: 451, message: '4.7.1 come back later' }
      : undefined
  await using server = await start({ SMTP_URL: smtp.url })
  const to = () => smtp.mails.flatMap((mail) => mail.to)
  const others = Array.from({ length: 20 }, (_, index) => `user-${index}@example.org`)
  await share(server, 'plans', 'greylisted@example.org')
  await expect.poll(() => refusals).toBe(1)
  for (const other of others) await share(server, 'plans', other)
  await expect.poll(to).toEqual(expect.arrayContaining(others))
  expect(to()).not.toContain('greylisted@example.org')
  await expect.poll(to, { timeout: 60_000 }).toContain('greylisted@example.org')
  expect(to()).toHaveLength(others.length + 1)
})

it('erasing a user leaves no mail to them', async () => {
  await using server = await start()
  await share(server, 'for-dora', 'dora@example.org')
  await share(server, 'for-bob')
  await expect.poll(async () => (await mailbox(server)).length).toBe(2)
  const dora = await restClient(server, 'dora', { ...ownRoles, email: 'Dora@example.org' })
  expect((await dora.delete('/api/users/me')).status).toBe(200)
  expect((await mailbox(server)).map(({ to }) => to)).toEqual(['bob@example.org'])
})
