import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addUsage } from '../../src/store/analytics.ts'
import { addAuditEntries, anonymiseAuditEntries, listAuditEntries } from '../../src/store/audit.ts'
import {
  createDocument,
  findDeletedBefore,
  findDocument,
  listDocuments,
  updateDocument,
  type DocumentListRequest,
} from '../../src/store/documents.ts'
import { deleteGrant, findGrant, listGrants, listGrantsOfUser, putGrant } from '../../src/store/grants.ts'
import {
  pruneIdempotencyKeys,
  recordResponse,
  releaseIdempotencyKey,
  reserveIdempotencyKey,
} from '../../src/store/idempotency.ts'
import {
  acceptInvitation,
  createInvitation,
  findInvitation,
  listInvitations,
  revokeInvitation,
} from '../../src/store/invitations.ts'
import { releaseLease, takeLease } from '../../src/store/leases.ts'
import {
  addOutboxEvent,
  listUnpublished,
  markPublished,
  outboxBacklog,
  prunePublished,
} from '../../src/store/outbox.ts'
import { deletePreferences, listPreferences, putPreference } from '../../src/store/preferences.ts'
import { listWatchers, readEditedAt, saveEditedAt } from '../../src/store/edited-documents.ts'
import {
  deletePushSubscription,
  deletePushSubscriptionOfOthers,
  deletePushSubscriptions,
  listPushSubscriptions,
  putPushSubscription,
} from '../../src/store/push-subscriptions.ts'
import type { StoreDatabase } from '../../src/store/schema.ts'
import { Store } from '../../src/store/Store.ts'
import { eraseDocumentRows, findTombstone } from '../../src/store/tombstones.ts'
import { deleteUser, findUsers, putUsers } from '../../src/store/users.ts'
import {
  addVersion,
  deleteVersions,
  findVersion,
  listVersions,
  relabelVersion,
} from '../../src/store/versions.ts'

/** Empty databases for one test. */
export interface TestDatabases {
  readonly urls: readonly string[]
  dispose(): Promise<void>
}

const count = 20
const many = <Result>(work: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)))

/** What every database of the store does; `create` makes that many empty ones. */
export const storeConformance = (
  name: string,
  create: (databases: number) => Promise<TestDatabases>,
): void => {
  describe(`store on ${name}`, () => {
    let databases: TestDatabases
    let store: Store
    let db: StoreDatabase
    beforeEach(async () => {
      databases = await create(3)
      store = await Store.open({ databases: databases.urls })
      db = store.of('doc')
    })
    afterEach(async () => {
      await store.close()
      await databases.dispose()
    })

    describe('databases', () => {
      it('are migrated once when many instances start at once, and again by none', async () => {
        const fresh = await create(2)
        const stores = await Promise.all(
          Array.from({ length: 6 }, () => Store.open({ databases: fresh.urls })),
        )
        for (const { status } of stores) expect(status.healthy).toBe(true)
        await createDocument(stores[0]?.of('doc') as StoreDatabase, { name: 'doc', ownerId: null, at: 1 })
        for (const store of stores) expect(await findDocument(store.of('doc'), 'doc')).toBeDefined()
        await Promise.all(stores.map((store) => store.close()))
        const again = await Store.open({ databases: fresh.urls })
        expect(await findDocument(again.of('doc'), 'doc')).toBeDefined()
        await again.close()
        await fresh.dispose()
      })

      it('are refused in another number or order', async () => {
        const [first = '', second = '', third = ''] = databases.urls
        for (const urls of [[first], [second, first, third], [first, second, third, first]]) {
          await expect(Store.open({ databases: urls })).rejects.toMatchObject({
            errorCode: 'CODRAFT_CONFIG_INVALID',
            message: expect.stringContaining('keep the number and the order'),
          })
        }
      })

      it('are refused when a newer release has changed them', async () => {
        await sql`insert into migrations (name, timestamp) values ('9999-later', '2030-01-01')`.execute(
          store.of('doc'),
        )
        await expect(Store.open({ databases: databases.urls })).rejects.toMatchObject({
          errorCode: 'CODRAFT_STORE_SCHEMA_UNKNOWN',
        })
      })

      it('hold the rows of each document together, and share the documents', async () => {
        await many(async (i) => {
          const of = store.of(`doc ${i}`)
          await createDocument(of, { name: `doc ${i}`, ownerId: 'ann', at: i })
        })
        const perShard = await Promise.all(
          store.all.map(
            async (shard) => (await shard.selectFrom('documents').select('name').execute()).length,
          ),
        )
        expect(perShard.reduce((sum, documents) => sum + documents, 0)).toBe(count)
        for (const documents of perShard) expect(documents).toBeGreaterThan(0)
      })
    })

    describe('transaction', () => {
      it('takes everything back when its work fails', async () => {
        const failing = store.transaction('doc', async (tx) => {
          await createDocument(tx, { name: 'doc', ownerId: null, at: 1 })
          await addOutboxEvent(tx, { topic: 't', key: 'doc', type: 'made', payload: {}, createdAt: 1 })
          throw new Error('no')
        })
        await expect(failing).rejects.toThrow('no')
        expect(await findDocument(db, 'doc')).toBeUndefined()
        expect(await listUnpublished(db, 10)).toEqual([])
      })

      it('runs alone on its document, and its events keep that order', async () => {
        await createDocument(db, { name: 'doc', ownerId: null, title: '0', at: 1 })
        await many(() =>
          store.transaction('doc', async (tx) => {
            const next = Number((await findDocument(tx, 'doc'))?.title) + 1
            await updateDocument(tx, 'doc', { title: `${next}` })
            await addOutboxEvent(tx, {
              topic: 't',
              key: 'doc',
              type: 'n',
              payload: { next },
              createdAt: next,
            })
          }),
        )
        expect((await findDocument(db, 'doc'))?.title).toBe(`${count}`)
        const events = await listUnpublished(db, 100)
        expect(events.map(({ payload }) => payload)).toEqual(
          Array.from({ length: count }, (_, i) => ({ next: i + 1 })),
        )
      })

      it('of a user is on the shard of the user', async () => {
        await store.userTransaction('ann', (tx) =>
          putPreference(tx, 'ann', { channel: 'email', type: '*', enabled: false }, 1),
        )
        expect(await listPreferences(store.ofUser('ann'), 'ann')).toHaveLength(1)
      })
    })

    describe('documents', () => {
      it('are made once, by whoever comes first', async () => {
        const made = await many((i) => createDocument(db, { name: 'doc', ownerId: `user ${i}`, at: 1 }))
        expect(made.filter(Boolean)).toHaveLength(1)
        expect(await findDocument(db, 'doc')).toEqual({
          name: 'doc',
          ownerId: `user ${made.indexOf(true)}`,
          kind: 'document',
          title: null,
          createdAt: 1,
          updatedAt: 1,
          deletedAt: null,
        })
        expect(await findDocument(db, 'Doc')).toBeUndefined()
      })

      it('keep times and names of any kind exactly', async () => {
        const name = `ünï/"quoted" %_\\ '; 文書 🦊 ${'x'.repeat(200)}`
        const at = Date.now()
        await createDocument(store.of(name), { name, ownerId: 'ann', kind: 'text', title: name, at })
        expect(await findDocument(store.of(name), name)).toMatchObject({ name, title: name, createdAt: at })
      })

      it('go into the bin and come out', async () => {
        await createDocument(db, { name: 'doc', ownerId: 'ann', at: 1 })
        expect(await updateDocument(db, 'doc', { deletedAt: 5 })).toBe(true)
        expect(await findDeletedBefore(db, 5, 10)).toEqual([])
        expect(await findDeletedBefore(db, 6, 10)).toEqual(['doc'])
        expect(await updateDocument(db, 'doc', { deletedAt: null })).toBe(true)
        expect(await findDeletedBefore(db, 6, 10)).toEqual([])
        expect(await updateDocument(db, 'other', { title: 'x' })).toBe(false)
      })

      const namesOf = async (request: Omit<DocumentListRequest, 'limit'>, limit = 7): Promise<string[]> => {
        const names: string[] = []
        let cursor: string | undefined
        do {
          const page = await listDocuments(store, { ...request, limit, cursor })
          expect(page.items.length).toBeLessThanOrEqual(limit)
          names.push(...page.items.map((item) => item.name))
          cursor = page.cursor
        } while (cursor !== undefined)
        return names
      }

      it('are listed page by page over all shards, the last changed first, each once', async () => {
        // Equal times, and names whose order depends on who compares: bytes, not letters.
        const names = Array.from(
          { length: 50 },
          (_, i) => `${['a', 'B', 'c', 'D', 'é', 'Z', '🦊', '\u{FF5E}'][i % 8]}-${i}`,
        )
        await Promise.all(
          names.map(async (name, i) => {
            await createDocument(store.of(name), { name, ownerId: 'ann', at: 100 + (i % 3) })
            await putGrant(store.of(name), {
              documentName: name,
              userId: i % 2 === 0 ? 'ann' : 'bob',
              role: 'editor',
              grantedBy: null,
              grantedAt: 1,
            })
          }),
        )
        const ofAnn = names.filter((_, i) => i % 2 === 0)
        const listed = await namesOf({ userId: 'ann' })
        expect(listed).toHaveLength(25)
        expect(new Set(listed)).toEqual(new Set(ofAnn))
        const times = listed.map((name) => 100 + (names.indexOf(name) % 3))
        expect(times).toEqual([...times].sort((a, b) => b - a))
        expect(await namesOf({ userId: 'ann' }, 100)).toEqual(listed)
        expect(await namesOf({ userId: 'nobody' })).toEqual([])
        expect(await namesOf({ patterns: ['*'] })).toHaveLength(50)
      })

      it('are listed by the patterns of a token, with the role that was granted', async () => {
        for (const name of ['notes/1', 'notes/2', 'notes', 'note', 'notet']) {
          await createDocument(store.of(name), { name, ownerId: null, at: 1 })
        }
        await putGrant(store.of('note'), {
          documentName: 'note',
          userId: 'ann',
          role: 'viewer',
          grantedBy: 'bob',
          grantedAt: 1,
        })
        const { items } = await listDocuments(store, {
          userId: 'ann',
          patterns: ['notes/*', 'notet'],
          limit: 10,
        })
        expect(items.map(({ name, role }) => [name, role])).toEqual([
          ['note', 'viewer'],
          ['notes/1', null],
          ['notes/2', null],
          ['notet', null],
        ])
        await updateDocument(store.of('notes/1'), 'notes/1', { deletedAt: 1 })
        expect(await namesOf({ patterns: ['notes/*'] })).toEqual(['notes/2'])
        expect(await namesOf({ patterns: ['notes/*'], deleted: true })).toEqual(['notes/1'])
      })

      it('refuse a cursor that no list has given', async () => {
        for (const cursor of ['', 'nonsense', Buffer.from('["a"]').toString('base64url')]) {
          await expect(listDocuments(store, { userId: 'ann', limit: 1, cursor })).rejects.toMatchObject({
            errorCode: 'CODRAFT_REQUEST_INVALID',
          })
        }
      })
    })

    it('grants: one for each user of a document, replaced and taken back', async () => {
      const grant = {
        documentName: 'doc',
        userId: 'ann',
        role: 'owner',
        grantedBy: null,
        grantedAt: 1,
      } as const
      await putGrant(db, grant)
      await putGrant(db, { ...grant, userId: 'bob', role: 'editor', grantedBy: 'ann', grantedAt: 2 })
      await putGrant(db, { ...grant, userId: 'bob', role: 'viewer', grantedBy: 'ann', grantedAt: 3 })
      expect(await findGrant(db, 'doc', 'bob')).toBe('viewer')
      expect(await findGrant(db, 'doc', 'eve')).toBeUndefined()
      expect((await listGrants(db, 'doc')).map(({ userId, role }) => [userId, role])).toEqual([
        ['ann', 'owner'],
        ['bob', 'viewer'],
      ])
      expect(await listGrantsOfUser(db, 'bob')).toHaveLength(1)
      expect(await deleteGrant(db, 'doc', 'bob')).toBe(true)
      expect(await deleteGrant(db, 'doc', 'bob')).toBe(false)
      expect(await findGrant(db, 'doc', 'bob')).toBeUndefined()
    })

    it('invitations: accepted once, in time, unless revoked', async () => {
      const invite = (id: string, createdAt: number) =>
        createInvitation(db, {
          id,
          documentName: 'doc',
          email: 'bob@example.org',
          role: 'commenter',
          invitedBy: 'ann',
          createdAt,
          expiresAt: createdAt + 100,
        })
      for (const [i, id] of ['a', 'b', 'c'].entries()) await invite(id, i)
      const accepted = await many((i) => acceptInvitation(db, { id: 'a', userId: `user ${i}`, at: 50 }))
      expect(accepted.filter(Boolean)).toHaveLength(1)
      expect(await findInvitation(db, 'a')).toMatchObject({
        state: 'accepted',
        acceptedBy: `user ${accepted.indexOf(true)}`,
        acceptedAt: 50,
      })
      expect(await revokeInvitation(db, 'a')).toBe(false)
      expect(await revokeInvitation(db, 'b')).toBe(true)
      expect(await acceptInvitation(db, { id: 'b', userId: 'bob', at: 50 })).toBe(false)
      expect(await acceptInvitation(db, { id: 'c', userId: 'bob', at: 102 })).toBe(false)
      const first = await listInvitations(db, 'doc', { limit: 2 })
      expect(first.items.map(({ id }) => id)).toEqual(['c', 'b'])
      const second = await listInvitations(db, 'doc', { limit: 2, cursor: first.cursor })
      expect(second.items.map(({ id }) => id)).toEqual(['a'])
      expect(second.cursor).toBeUndefined()
    })

    it('versions: listed by time in pages, named, thinned out', async () => {
      const version = { documentName: 'doc', objectKey: 'k', authorId: 'ann', label: null, bytes: 7 } as const
      for (let i = 0; i < 5; i++) {
        await addVersion(db, { ...version, id: `v${i}`, kind: 'automatic', createdAt: i < 3 ? 1 : i })
      }
      const first = await listVersions(db, 'doc', { limit: 3 })
      const second = await listVersions(db, 'doc', { limit: 3, cursor: first.cursor })
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(['v4', 'v3', 'v2', 'v1', 'v0'])
      expect(await relabelVersion(db, 'doc', 'v2', 'Draft')).toBe(true)
      expect(await findVersion(db, 'doc', 'v2')).toMatchObject({ label: 'Draft', bytes: 7 })
      expect(await findVersion(db, 'other', 'v2')).toBeUndefined()
      await deleteVersions(db, 'doc', ['v0', 'v1'])
      await deleteVersions(db, 'other', ['v2'])
      expect((await listVersions(db, 'doc', { limit: 10 })).items).toHaveLength(3)
    })

    it('audit: the newest first, in pages, and anonymous after a user was erased', async () => {
      const entries = Array.from({ length: 2_500 }, (_, i) => ({
        documentName: i % 2 === 0 ? 'doc' : 'other',
        action: 'opened',
        userId: i % 4 === 0 ? 'ann' : 'bob',
        address: '192.0.2.1',
        at: i,
        ...(i === 2_498 && { detail: { role: 'viewer' } }),
      }))
      await addAuditEntries(db, entries)
      await addAuditEntries(db, [])
      const first = await listAuditEntries(db, 'doc', { limit: 1_000 })
      expect(first.items[0]).toMatchObject({ at: 2_498, detail: { role: 'viewer' }, address: '192.0.2.1' })
      const second = await listAuditEntries(db, 'doc', { limit: 1_000, cursor: first.cursor })
      expect(second.items).toHaveLength(250)
      expect(second.items.at(-1)).toMatchObject({ at: 0 })
      await anonymiseAuditEntries(db, 'ann')
      const { items } = await listAuditEntries(db, 'doc', { limit: 2_000 })
      expect(items.filter(({ userId }) => userId === 'ann')).toEqual([])
      expect(items.filter(({ userId }) => userId === null)).toHaveLength(625)
      expect(items.filter(({ address }) => address === null)).toHaveLength(625)
    })

    it('preferences: kept for each channel and type', async () => {
      await putPreference(db, 'ann', { channel: 'email', type: '*', enabled: true }, 1)
      await putPreference(db, 'ann', { channel: 'email', type: '*', enabled: false }, 2)
      await putPreference(db, 'ann', { channel: 'push', type: 'share', enabled: true }, 3)
      expect(await listPreferences(db, 'ann')).toEqual([
        { channel: 'email', type: '*', enabled: false },
        { channel: 'push', type: 'share', enabled: true },
      ])
      await deletePreferences(db, 'ann')
      expect(await listPreferences(db, 'ann')).toEqual([])
    })

    it('push subscriptions: one of a browser and user, the last 20 of a user, moved to another user', async () => {
      const of = (userId: string, id: string, at: number) => ({
        userId,
        id,
        endpoint: `https://push.example/${id}`,
        p256dh: 'p',
        auth: 'a',
        serverKey: 'k',
        at,
      })
      const idsOf = async (userId: string) => (await listPushSubscriptions(db, userId)).map(({ id }) => id)
      await putPushSubscription(db, of('ann', 'b', 1))
      await putPushSubscription(db, of('ann', 'a', 2))
      await putPushSubscription(db, { ...of('ann', 'b', 3), serverKey: 'other' })
      await putPushSubscription(db, of('bob', 'a', 4))
      expect(await listPushSubscriptions(db, 'ann')).toEqual([
        of('ann', 'a', 2),
        { ...of('ann', 'b', 3), serverKey: 'other' },
      ])
      await deletePushSubscriptionOfOthers(db, 'bob', 'a')
      expect([await idsOf('ann'), await idsOf('bob')]).toEqual([['b'], ['a']])
      await deletePushSubscription(db, 'ann', 'a')
      await deletePushSubscription(db, 'ann', 'b')
      expect(await idsOf('ann')).toEqual([])
      const many = Array.from({ length: 22 }, (_, at) => `${at}`)
      for (const [at, id] of many.entries()) await putPushSubscription(db, of('ann', id, at))
      expect(await idsOf('ann')).toEqual(many.slice(2))
      await deletePushSubscriptions(db, 'ann')
      expect([await idsOf('ann'), await idsOf('bob')]).toEqual([[], ['a']])
    })

    it('edited documents: when the last edit was, and who watches', async () => {
      await saveEditedAt(db, new Map([['doc', 1]]))
      await saveEditedAt(
        db,
        new Map([
          ['other', 3],
          ['doc', 2],
        ]),
      )
      expect(await readEditedAt(db, ['doc', 'unknown'])).toEqual(new Map([['doc', 2]]))
      expect(await readEditedAt(db, [])).toEqual(new Map())
      const dayMs = 86_400_000
      const now = 100 * dayMs
      for (const [userId, grantedAt] of [
        ['zoe', 5],
        ['ann', 6],
        ['late', now],
      ] as const)
        await putGrant(db, { documentName: 'doc', userId, role: 'viewer', grantedBy: null, grantedAt })
      for (const [userId, days] of [
        ['ann', 1],
        ['bob', 2],
        ['bob', 3],
        ['long ago', 40],
      ] as const)
        await addUsage(db, [
          { documentName: 'doc', time: now - days * dayMs, edits: 1, editors: new Map([[userId, 1]]) },
        ])
      expect(await listWatchers(db, 'doc', now)).toEqual(['zoe', 'ann', 'bob'])
    })

    it('users: the last that was noted counts, found over all shards', async () => {
      const user = (id: string, name: string | null) => ({ id, name, email: null, seenAt: 1 })
      for (const id of ['ann', 'bob', 'eve'])
        await putUsers(store.ofUser(id), [user(id, 'old'), user(id, id)])
      await deleteUser(store.ofUser('eve'), 'eve')
      const found = await findUsers(store, ['ann', 'bob', 'eve', null, 'ann'])
      expect([...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
        user('ann', 'ann'),
        user('bob', 'bob'),
      ])
      expect(await findUsers(store, [])).toEqual(new Map())
    })

    it('outbox: drained in order, pruned when published, its backlog known', async () => {
      const add = (n: number) =>
        addOutboxEvent(db, {
          topic: 'notifications',
          key: 'ann',
          type: 'shared',
          payload: { n },
          createdAt: n,
        })
      for (let n = 1; n <= 5; n++) await add(n)
      expect(await outboxBacklog(db)).toEqual({ events: 5, oldestAt: 1 })
      const first = await listUnpublished(db, 2)
      expect(first.map(({ payload }) => payload)).toEqual([{ n: 1 }, { n: 2 }])
      await markPublished(
        db,
        first.map(({ sequence }) => sequence),
        100,
      )
      await markPublished(db, [], 100)
      expect((await listUnpublished(db, 10)).map(({ payload }) => payload)).toEqual([
        { n: 3 },
        { n: 4 },
        { n: 5 },
      ])
      await prunePublished(db, 101)
      expect((await db.selectFrom('outbox').select('id').execute()).length).toBe(3)
      const id = randomUUID()
      const event = { id, topic: 't', key: 'k', type: 'x', payload: null, createdAt: 1 }
      expect(await addOutboxEvent(db, event)).toBe(id)
      await expect(addOutboxEvent(db, event)).rejects.toThrow(/unique/i)
    })

    it('idempotency: one request of many with the same key is the first', async () => {
      const key = { userId: 'ann', route: 'POST /api/documents/doc/share', key: 'k' }
      const at = { now: 1_000, ttlMs: 500 }
      const reserved = await many(() => reserveIdempotencyKey(db, key, at))
      expect(reserved.filter((result) => result === 'first')).toHaveLength(1)
      expect(reserved.filter((result) => result === 'running')).toHaveLength(count - 1)
      expect(await reserveIdempotencyKey(db, { ...key, userId: 'bob' }, at)).toBe('first')
      await recordResponse(db, key, { status: 201, response: { id: 'x' } })
      expect(await reserveIdempotencyKey(db, key, at)).toEqual({ status: 201, response: { id: 'x' } })
      expect(await reserveIdempotencyKey(db, key, { now: 1_500, ttlMs: 500 })).toBe('first')
      await releaseIdempotencyKey(db, key)
      expect(await reserveIdempotencyKey(db, key, at)).toBe('first')
      await pruneIdempotencyKeys(db, 1_500)
      expect(await db.selectFrom('idempotencyKeys').selectAll().execute()).toEqual([])
    })

    it('leases: one holder at a time, until it ends or gives up', async () => {
      const lease = { name: 'outbox', now: 1_000, ttlMs: 500 }
      const taken = await many((i) => takeLease(db, { ...lease, holder: `instance ${i}` }))
      expect(taken.filter(Boolean)).toHaveLength(1)
      const holder = `instance ${taken.indexOf(true)}`
      expect(await takeLease(db, { ...lease, holder, now: 1_200 })).toBe(true)
      expect(await takeLease(db, { ...lease, holder: 'other', now: 1_600 })).toBe(false)
      expect(await takeLease(db, { ...lease, holder: 'other', now: 1_700 })).toBe(true)
      await releaseLease(db, { name: 'outbox', holder })
      expect(await takeLease(db, { ...lease, holder, now: 1_800 })).toBe(false)
      await releaseLease(db, { name: 'outbox', holder: 'other' })
      expect(await takeLease(db, { ...lease, holder, now: 1_800 })).toBe(true)
    })

    it('an erased document leaves a tombstone and its audit entries, nothing else', async () => {
      await createDocument(db, { name: 'doc', ownerId: 'ann', title: 'Secret plan', at: 1 })
      await putGrant(db, { documentName: 'doc', userId: 'ann', role: 'owner', grantedBy: null, grantedAt: 1 })
      await createInvitation(db, {
        id: 'i',
        documentName: 'doc',
        email: 'bob@example.org',
        role: 'viewer',
        invitedBy: 'ann',
        createdAt: 1,
        expiresAt: 2,
      })
      await addVersion(db, {
        id: 'v',
        documentName: 'doc',
        objectKey: 'k',
        authorId: 'ann',
        label: 'Secret plan',
        kind: 'manual',
        createdAt: 1,
        bytes: 1,
      })
      const entry = { documentName: 'doc', action: 'erased', userId: 'ann', address: null, at: 9 }
      await addAuditEntries(db, [entry])
      await store.transaction('doc', (tx) =>
        eraseDocumentRows(tx, { documentName: 'doc', epoch: 2, erasedAt: 9 }),
      )
      expect(await findTombstone(db, 'doc')).toEqual({ documentName: 'doc', epoch: 2, erasedAt: 9 })
      expect(await findDocument(db, 'doc')).toBeUndefined()
      expect(await listGrants(db, 'doc')).toEqual([])
      expect(await findInvitation(db, 'i')).toBeUndefined()
      expect(await findVersion(db, 'doc', 'v')).toBeUndefined()
      expect((await listAuditEntries(db, 'doc', { limit: 10 })).items).toHaveLength(1)
      await store.transaction('doc', (tx) =>
        eraseDocumentRows(tx, { documentName: 'doc', epoch: 3, erasedAt: 10 }),
      )
      expect(await findTombstone(db, 'doc')).toMatchObject({ epoch: 3 })
    })
  })
}
