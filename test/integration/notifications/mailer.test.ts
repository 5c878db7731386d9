import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeEvent, newEvent, type AnyEvent } from '../../../extensions/events/index.ts'
import { CapturedMailbox } from '../../../src/notifications/mail/CapturedMailbox.ts'
import { Mailer, type MailEvent } from '../../../src/notifications/mail/Mailer.ts'
import { UnsubscribeLinks } from '../../../src/notifications/UnsubscribeLinks.ts'
import { listCapturedMails, type CapturedMail } from '../../../src/store/captured-mails.ts'
import { listUnpublished } from '../../../src/store/outbox.ts'
import { putPreference } from '../../../src/store/preferences.ts'
import { Store } from '../../../src/store/Store.ts'
import { putUsers } from '../../../src/store/users.ts'
import { testSecret } from '../../helpers/server.ts'

const quietMs = 60_000
let folder: string
let store: Store
let mailer: Mailer
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codraft-mailer-'))
  store = await Store.open({
    databases: [`sqlite:${join(folder, 'a.sqlite')}`, `sqlite:${join(folder, 'b.sqlite')}`],
  })
  const publicUrl = () => 'https://docs.example'
  mailer = new Mailer({
    store,
    transport: new CapturedMailbox(store),
    links: new UnsubscribeLinks({ secret: testSecret, publicUrl }),
    publicUrl,
    quietMs,
    changesWaitMs: 0,
  })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

const ada = { id: 'ada', name: 'Ada <b>Lovelace</b>' }
const shared = (title: string, email = 'bob@example.org') =>
  newEvent('document.shared', {
    documentName: title.toLowerCase(),
    data: {
      role: 'editor',
      by: ada,
      email,
      title,
      url: `https://docs.example/?doc=${title}&invitation=x`,
      message: 'Line 1\nLine 2 & more',
    },
  })

const mails = async (): Promise<readonly CapturedMail[]> =>
  (await listCapturedMails(store, { limit: 100 })).items.toReversed()

/** What the outbox would publish. */
const published = async (): Promise<AnyEvent[]> => {
  const rows = await Promise.all(store.all.map((db) => listUnpublished(db, 100)))
  return rows.flat().map(({ payload }) => decodeEvent({ value: JSON.stringify(payload) }))
}

const knowBob = () =>
  putUsers(store.ofUser('bob'), [{ id: 'bob', name: 'Bob', email: 'Bob@Example.org', seenAt: 1 }])

it('writes what is said in the mail, in text and HTML, as text', async () => {
  await mailer.deliver(shared('Notes'))
  const [mail] = await mails()
  expect(mail).toMatchObject({
    recipient: 'bob@example.org',
    subject: 'Ada <b>Lovelace</b> invited you to edit “Notes”',
  })
  expect(mail!.text).toContain('Line 1\nLine 2 & more')
  expect(mail!.text).toContain('https://docs.example/?doc=Notes&invitation=x\n')
  expect(mail!.html).toContain('Ada &lt;b&gt;Lovelace&lt;/b&gt; invited you')
  expect(mail!.html).not.toContain('<b>Lovelace')
  expect(mail!.html).toContain('Line 2 &amp; more')
  expect(mail!.text).toMatch(
    /Unsubscribe: https:\/\/docs\.example\/api\/notifications\/unsubscribe\?token=\S+/,
  )
})

describe('several notifications of one person', () => {
  it('within the quiet time come in two mails: the first at once, the others in a digest', async () => {
    const titles = Array.from({ length: 10 }, (_, index) => `Doc${index}`)
    for (const title of titles) await mailer.deliver(shared(title))
    await mailer.deliver(shared('Other', 'eve@example.org'))
    expect((await mails()).map(({ recipient }) => recipient)).toEqual(['bob@example.org', 'eve@example.org'])
    await mailer.publishDigests(Date.now())
    expect(await published()).toEqual([])
    await mailer.publishDigests(Date.now() + quietMs)
    const [digest, ...others] = await published()
    expect(others).toEqual([])
    await mailer.deliver(digest as MailEvent)
    const all = await mails()
    expect(all).toHaveLength(3)
    expect(all[2]!.subject).toContain('9 notifications: Ada <b>Lovelace</b> invited you to edit “Doc1”')
    for (const title of titles.slice(1)) expect(all[2]!.text).toContain(`doc=${title}&`)
    await mailer.publishDigests(Date.now() + 2 * quietMs)
    expect(await published()).toHaveLength(1)
  })

  it('are each told once, when they come again', async () => {
    const [first, second] = [shared('A'), shared('B')]
    for (const event of [first, second, second, first]) await mailer.deliver(event)
    // The first was taken for an attempt that had failed: it has the same id, and so the same Message-ID.
    expect(await mails()).toHaveLength(1)
    await mailer.publishDigests(Date.now() + quietMs)
    expect((await published()).map(({ data }) => (data as { items: unknown[] }).items.length)).toEqual([1])
  })

  it('about edits are gathered for one mail', async () => {
    await knowBob()
    for (const documentName of ['a', 'b'])
      await mailer.deliver(newEvent('document.changed', { documentName, userId: 'bob', data: { by: ada } }))
    expect(await mails()).toEqual([])
    await mailer.publishDigests(Date.now())
    const [digest] = await published()
    await mailer.deliver(digest as MailEvent)
    const [mail] = await mails()
    expect(mail!.subject).toContain('2 notifications')
    expect(mail!.text).toContain('has edited “b”')
  })
})

describe('a recipient', () => {
  it('is found by the user id, or told nothing where no address is known', async () => {
    const mention = () =>
      newEvent('user.mentioned', { documentName: 'plan', userId: 'bob', data: { by: ada, place: 'comment' } })
    await mailer.deliver(mention())
    expect(await mails()).toEqual([])
    await knowBob()
    await mailer.deliver(mention())
    expect(await mails()).toMatchObject([
      { recipient: 'bob@example.org', subject: 'Ada <b>Lovelace</b> mentioned you in a comment on “plan”' },
    ])
  })

  it('who has said no gets none, by the address or as the user, also of what was gathered before', async () => {
    await mailer.deliver(shared('A'))
    await mailer.deliver(shared('B'))
    const off = { channel: 'email', type: 'document.shared', enabled: false }
    await knowBob()
    await putPreference(store.ofUser('bob'), 'bob', off, 1)
    await mailer.publishDigests(Date.now() + quietMs)
    const [digest] = await published()
    await mailer.deliver(digest as MailEvent)
    await mailer.deliver(shared('C'))
    await putPreference(
      store.ofUser('mailto:eve@example.org'),
      'mailto:eve@example.org',
      { ...off, type: '*' },
      1,
    )
    await mailer.deliver(shared('D', 'Eve@example.org'))
    expect(await mails()).toHaveLength(1)
  })
})
