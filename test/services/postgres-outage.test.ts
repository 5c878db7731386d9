import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SignJWT } from 'jose'
import { postgres } from '../../scripts/services/postgres.ts'
import { listAuditEntries } from '../../src/store/audit.ts'
import { findDocument } from '../../src/store/documents.ts'
import { Store } from '../../src/store/Store.ts'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { startServer, testSecret, type TestServer } from '../helpers/server.ts'
import { startOwn, type OwnService } from '../helpers/services.ts'
import { startProxy } from '../helpers/toxiproxy.ts'

/** How long the database is away while people edit. */
const awayMs = 30_000

let database: OwnService
let url: string
let server: TestServer | undefined
beforeEach(async () => {
  database = await startOwn(postgres)
  url = database.env['CODRAFT_TEST_POSTGRES_URL'] ?? ''
})
afterEach(async () => {
  await server?.close()
  server = undefined
  await database.close()
})

const health = async (of: TestServer) => {
  const response = await fetch(`${of.url}/health/ready`)
  const { state, dependencies } = (await response.json()) as {
    state: string
    dependencies: Record<string, { state: string }>
  }
  return { status: response.status, state, database: dependencies['database']?.state }
}

/** A token that leaves permissions to the server. */
const plainToken = (userId: string): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(testSecret))

const inStore = async <Result>(read: (store: Store) => Promise<Result>): Promise<Result> => {
  const store = await Store.open({ databases: [url] })
  try {
    return await read(store)
  } finally {
    await store.close()
  }
}

describe('PostgreSQL goes away while people edit', () => {
  it('and nobody notices; afterwards everything is stored', async () => {
    server = await startServer({ env: { DATABASE_URL: url } })
    expect(await health(server)).toEqual({ status: 200, state: 'ready', database: 'ready' })
    // One with roles of the store, one with a role of the token, one on the other wire.
    await using owner = await connectHocuspocus(server, 'owned', { token: await plainToken('ann') })
    await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
    await using bob = await connectYWebsocket(server, 'notes', { user: 'bob' })
    const all = [owner, ann, bob]
    await expect.poll(() => all.every(({ provider }) => provider.synced)).toBe(true)

    await database.kill()
    const endsAt = performance.now() + awayMs
    await expect
      .poll(() => health(server as TestServer))
      .toEqual({ status: 200, state: 'degraded', database: 'degraded' })

    let edits = 0
    let slowestAckMs = 0
    while (performance.now() < endsAt) {
      for (const { text } of all) text.insert(text.length, `${edits % 10}`)
      edits += 1
      const sentAt = performance.now()
      await expect.poll(() => owner.isSaved && ann.isSaved, { interval: 5 }).toBe(true)
      slowestAckMs = Math.max(slowestAckMs, performance.now() - sentAt)
    }
    await expect.poll(() => ann.text.length).toBe(2 * edits)
    expect(all.flatMap(({ closeCodes }) => closeCodes)).toEqual([])
    // Opening goes on for tokens that name their documents; the others are told to come back.
    await using late = await connectHocuspocus(server, 'made meanwhile', { user: 'eve' })
    await expect.poll(() => late.provider.synced).toBe(true)
    late.text.insert(0, 'new')
    await expect.poll(() => late.isSaved).toBe(true)
    await using waiting = await connectHocuspocus(server, 'waiting', { token: await plainToken('eve') })
    await expect.poll(() => waiting.deniedReason).toContain('CODRAFT_STORE_UNAVAILABLE')
    expect(waiting.provider.synced).toBe(false)

    await database.start()
    await expect
      .poll(() => health(server as TestServer))
      .toEqual({ status: 200, state: 'ready', database: 'ready' })
    await expect.poll(() => waiting.provider.synced).toBe(true)
    await expect
      .poll(() => inStore((store) => findDocument(store.of('made meanwhile'), 'made meanwhile')))
      .toMatchObject({ ownerId: null })
    // Written on its own, a moment before or after.
    await expect
      .poll(async () => {
        const opened = await inStore((store) =>
          listAuditEntries(store.of('made meanwhile'), 'made meanwhile', { limit: 10 }),
        )
        return opened.items
      })
      .toMatchObject([{ action: 'opened', userId: 'eve' }])

    const text = ann.text.toJSON()
    await server.restart('SIGKILL')
    await using reader = await connectHocuspocus(server, 'notes', { user: 'reader' })
    await expect.poll(() => reader.text.toJSON()).toBe(text)
    // oxlint-disable-next-line no-console -- the measured figures
    console.log(
      `PostgreSQL away for ${awayMs / 1000} s: ${edits * all.length} edits on two wires, slowest acknowledgement ${slowestAckMs.toFixed(0)} ms`,
    )
  })

  it('also when its network swallows packets', async () => {
    const { port } = new URL(url)
    const proxy = await startProxy(`127.0.0.1:${port}`)
    const through = new URL(url)
    through.host = proxy.address
    server = await startServer({ env: { DATABASE_URL: through.href } })
    await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
    await expect.poll(() => ann.provider.synced).toBe(true)
    await proxy.add({ type: 'timeout', attributes: { timeout: 0 } })
    await expect.poll(() => health(server as TestServer)).toMatchObject({ state: 'degraded' })
    ann.text.insert(0, 'still here')
    await expect.poll(() => ann.isSaved).toBe(true)
    await proxy.close()
  })

  it('and a server that starts meanwhile serves documents, and the rest when it comes', async () => {
    await database.stop()
    server = await startServer({ env: { DATABASE_URL: url } })
    expect(await health(server)).toMatchObject({ state: 'degraded', database: 'degraded' })
    await using ann = await connectHocuspocus(server, 'notes', { user: 'ann' })
    ann.text.insert(0, 'before the database')
    await expect.poll(() => ann.isSaved).toBe(true)
    await database.start()
    await expect.poll(() => health(server as TestServer)).toMatchObject({ state: 'ready' })
    await using eve = await connectHocuspocus(server, 'of eve', { token: await plainToken('eve') })
    await expect.poll(() => eve.provider.authorizedScope).toBe('read-write')
  })

  it('but a wrong address of a database that answers ends the start', async () => {
    const wrong = new URL(url)
    wrong.pathname = '/no_such_database'
    await expect(startServer({ env: { DATABASE_URL: wrong.href } })).rejects.toThrow(
      /CODRAFT_CONFIG_INVALID: PostgreSQL refuses DATABASE_URL/,
    )
  })
})
