import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { decodeEvent, newEvent, type AnyEvent, type CodraftEvent } from '../../../extensions/events/index.ts'
import { loadConfig } from '../../../src/config.ts'
import { addUsage } from '../../../src/store/analytics.ts'
import { putGrant } from '../../../src/store/grants.ts'
import { listUnpublished } from '../../../src/store/outbox.ts'
import { Store } from '../../../src/store/Store.ts'
import { eraseDocumentRows } from '../../../src/store/tombstones.ts'
import { changesWorker } from '../../../src/workers/changes.ts'
import { documentPath, restClient } from '../../helpers/rest.ts'
import { startServer } from '../../helpers/server.ts'

const pauseMs = 1_000
const now = 1_900_000_000_000

let folder: string
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'codraft-changes-'))
  store = await Store.open({ databases: [`sqlite:${join(folder, 'a.sqlite')}`] })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

const worker = changesWorker({ config: loadConfig({ CHANGES_PAUSE_MS: `${pauseMs}` }) })

const edit = (documentName: string, time: number, userId?: string): CodraftEvent<'document.edited'> =>
  newEvent('document.edited', {
    documentName,
    time,
    data: {
      update: 'AAA=',
      journal: 'j',
      position: time,
      edits: 1,
      inserted: 1,
      deleted: 0,
      authors: [{ ...(userId !== undefined && { userId }), edits: 1, inserted: 1, deleted: 0 }],
    },
  })

const apply = (...edits: CodraftEvent<'document.edited'>[]): Promise<void> =>
  store.transaction('doc', (tx) =>
    worker.apply(edits, { db: tx, isRedriven: false, unapplied: async (events) => [...events] }),
  )

/** Who is told, of whose edit and when, in the order of the outbox. */
const told = async (): Promise<(string | number | undefined)[][]> => {
  const rows = await listUnpublished(store.of('doc'), 100)
  const events: AnyEvent[] = rows.map(({ payload }) => decodeEvent({ value: JSON.stringify(payload) }))
  return events.map((event) =>
    event.type === 'document.changed'
      ? [event.documentName, event.userId, event.data.by?.id, event.time - now]
      : [event.type],
  )
}

const grant = (userId: string, grantedAt: number, documentName = 'doc') =>
  putGrant(store.of(documentName), { documentName, userId, role: 'viewer', grantedBy: null, grantedAt })

it('the first edit after a pause tells those who watch, and none that follows it', async () => {
  await grant('bob', now - 10)
  await grant('ada', now - 10)
  await grant('late', now + 50)
  await addUsage(store.of('doc'), [
    { documentName: 'doc', time: now - 86_400_000, edits: 1, editors: new Map([['eve', 1]]) },
    { documentName: 'doc', time: now - 40 * 86_400_000, edits: 1, editors: new Map([['long ago', 1]]) },
  ])
  const first = [edit('doc', now, 'ada'), edit('doc', now + 900, 'bob'), edit('doc', now + 1_800, 'ada')]
  await apply(...first)
  const expected = [
    ['doc', 'bob', 'ada', 0],
    ['doc', 'eve', 'ada', 0],
  ]
  expect(await told()).toEqual(expected)
  await apply(...first)
  await apply(edit('doc', now + 2_800, 'ada'))
  expect(await told()).toEqual(expected)

  await apply(edit('doc', now + 3_801))
  expect((await told()).slice(2)).toEqual(
    ['ada', 'bob', 'late', 'eve'].map((userId) => ['doc', userId, undefined, 3_801]),
  )
})

it('comments, and what is erased, tell nobody', async () => {
  await grant('bob', now - 10)
  await grant('bob', now - 10, 'doc~comments')
  await apply(edit('doc~comments', now, 'ada'))
  expect(await told()).toEqual([])
  await apply(edit('doc', now, 'ada'))
  await store.transaction('doc', (tx) =>
    eraseDocumentRows(tx, { documentName: 'doc', epoch: 1, erasedAt: now }),
  )
  await apply(edit('doc', now + 5_000, 'ada'))
  expect(await told()).toEqual([])
  expect(await store.of('doc').selectFrom('editedDocuments').selectAll().execute()).toEqual([])
})

it('an edit comes to the list of a watcher, and gathered with others by mail', async () => {
  await using server = await startServer({
    env: { CHANGES_PAUSE_MS: '0', MAIL_QUIET_MS: '0', MAIL_CHANGES_WAIT_MS: '3000', OPERATORS: 'olga' },
  })
  const bob = await restClient(server, 'bob', { documents: null, email: 'bob@example.org' })
  const ada = await restClient(server, 'ada', { documents: null, name: 'Ada' })
  const texts = async () =>
    ((await bob.get('/api/notifications')).json['items'] as { text: string }[]).map(({ text }) => text)
  await texts()
  for (const name of ['one', 'two']) {
    await ada.put(documentPath(name), { body: name })
    await ada.put(documentPath(name, '/grants/bob'), { body: { role: 'viewer' } })
  }
  const grants = async () => (await ada.get(documentPath('one', '/grants'))).json['items']
  for (const known of [{ name: 'Ada' }, { email: 'bob@example.org' }])
    await expect.poll(grants).toContainEqual(expect.objectContaining(known))
  for (const name of ['one', 'two']) await ada.put(documentPath(name), { body: `${name}, changed` })
  await expect
    .poll(async () => (await texts()).filter((text) => text.includes('edited')).sort())
    .toEqual(['Ada has edited “one”', 'Ada has edited “two”'])
  const olga = await restClient(server, 'olga')
  const digests = async () =>
    ((await olga.get('/api/mailbox')).json['items'] as { subject: string; text: string }[]).filter(
      ({ text }) => text.includes('edited'),
    )
  await expect.poll(digests).toHaveLength(1)
  const [{ text } = { text: '' }] = await digests()
  expect(text).toContain('Ada has edited “one”')
  expect(text).toContain('Ada has edited “two”')
})
