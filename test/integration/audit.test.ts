import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { commentsDocumentOf } from '../../src/documents/comments-document.ts'
import { Housekeeping } from '../../src/documents/Housekeeping.ts'
import { createLogger } from '../../src/index.ts'
import { listAuditEntries } from '../../src/store/audit.ts'
import { findDocument, touchDocuments } from '../../src/store/documents.ts'
import { pruneIdempotencyKeys, reserveIdempotencyKey } from '../../src/store/idempotency.ts'
import { Store } from '../../src/store/Store.ts'
import { eraseDocumentRows } from '../../src/store/tombstones.ts'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

let server: TestServer
let store: Store
beforeEach(async () => {
  server = await startServer({ env: { TRUSTED_PROXIES: '127.0.0.1' } })
  store = await Store.open({ databases: [`sqlite:${join(server.dataDir, 'store.sqlite')}`] })
})
afterEach(async () => {
  await store.close()
  await server.close()
})

const entriesOf = async (name: string) =>
  (await listAuditEntries(store.of(name), name, { limit: 100 })).items.map(({ action, userId, address }) => ({
    action,
    userId,
    address,
  }))

it('notes who opened a document and from where, once in an hour, comments as their document', async () => {
  await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
  await using again = await connectHocuspocus(server, 'notes', { user: 'ann' })
  await using comments = await connectHocuspocus(server, commentsDocumentOf('notes'), { user: 'ann' })
  await using bob = await connectYWebsocket(server, 'notes', { user: 'bob' })
  await expect.poll(() => [ann, again, comments, bob].every(({ provider }) => provider.synced)).toBe(true)
  await using other = await connectHocuspocus(server, 'plan', { user: 'ann' })
  await expect.poll(() => entriesOf('plan')).toHaveLength(1)
  expect(other.document.share.size).toBe(0)
  const opened = { action: 'opened', address: '127.0.0.1' }
  const entries = await entriesOf('notes')
  expect(entries).toHaveLength(2)
  expect(entries).toEqual(
    expect.arrayContaining([
      { ...opened, userId: 'ann' },
      { ...opened, userId: 'bob' },
    ]),
  )
  expect(await entriesOf(commentsDocumentOf('notes'))).toEqual([])
})

it('writes what waits when the server stops', async () => {
  await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
  await expect.poll(() => ann.provider.synced).toBe(true)
  expect(await server.kill('SIGTERM')).toBe(0)
  expect(await entriesOf('notes')).toHaveLength(1)
})

it('lists documents that an application filled, and when each was edited', async () => {
  const startedAt = Date.now()
  await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
  await expect.poll(() => ann.provider.synced).toBe(true)
  ann.text.insert(0, 'first')
  await expect.poll(() => findDocument(store.of('notes'), 'notes')).toBeDefined()
  const first = await findDocument(store.of('notes'), 'notes')
  expect(first).toMatchObject({ ownerId: null, kind: 'document' })
  expect(first?.createdAt).toBeGreaterThanOrEqual(startedAt)
  ann.text.insert(0, 'second')
  await expect
    .poll(async () => (await findDocument(store.of('notes'), 'notes'))?.updatedAt)
    .toBeGreaterThan(first?.updatedAt ?? Infinity)
  expect(await findDocument(store.of('notes'), 'notes')).toMatchObject({ createdAt: first?.createdAt })
})

it('a late note of an edit brings no erased document back', async () => {
  const db = store.of('notes')
  await store.transaction('notes', (tx) =>
    eraseDocumentRows(tx, { documentName: 'notes', epoch: 1, erasedAt: 5 }),
  )
  await touchDocuments(db, [
    { name: 'notes', at: 6 },
    { name: 'plan', at: 6 },
  ])
  expect(await findDocument(db, 'notes')).toBeUndefined()
  expect(await findDocument(db, 'plan')).toMatchObject({ updatedAt: 6 })
})

it('removes expired rows on one instance at a time', async () => {
  const key = { userId: 'ann', route: 'POST /', key: 'k' }
  const db = store.of('notes')
  await reserveIdempotencyKey(db, key, { now: Date.now() - 1_000, ttlMs: 10 })
  // The server has just done it.
  await db.deleteFrom('leases').execute()
  const runs: string[] = []
  const instance = (name: string): Housekeeping =>
    new Housekeeping({
      store,
      logger: createLogger('silent'),
      tasks: [
        async (db, now) => {
          runs.push(name)
          await pruneIdempotencyKeys(db, now)
        },
      ],
    })
  const [first, second] = [instance('first'), instance('second')]
  await first.run()
  await second.run()
  expect(runs).toEqual(['first'])
  expect(await db.selectFrom('idempotencyKeys').select('key').execute()).toEqual([])
  for (const housekeeping of [first, second]) housekeeping.close()
})
