import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { filesWith } from '../helpers/bytes.ts'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { documentPath, restClient, type RestClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

const secret = 'the merger will be announced on the ninth of May'
const name = 'board/minutes'

let dataDir: string
let server: TestServer
let owner: RestClient
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'codraft-erase-'))
  server = await startServer({ dataDir, env: { COMPACT_AFTER_BYTES: '1024' } })
  owner = await restClient(server, 'olga', { documents: { '*': 'owner' } })
})
afterEach(async () => {
  await server.close()
  await rm(dataDir, { recursive: true })
})

const erase = () => owner.delete(documentPath(name), { query: { mode: 'erase' } })
const kinds = (paths: readonly string[]): string[] =>
  [...new Set(paths.map((path) => /journal|store|snapshots|versions|events/.exec(path)?.[0] ?? path))].sort()

/** A document in the journal, a snapshot, a version, a title, comments, and one that has nothing to do with it. */
const write = async (): Promise<void> => {
  for (let i = 0; i < 6; i++)
    await owner.put(documentPath(name), { body: `${secret} ${'filler '.repeat(i * 30)}` })
  await owner.put(documentPath(`${name}~comments`), { body: `comment: ${secret}` })
  expect((await owner.patch(documentPath(name, '/about'), { body: { title: secret } })).status).toBe(200)
  expect((await owner.post(documentPath(name, '/versions'), { body: { label: secret } })).status).toBe(201)
  await owner.put(documentPath('other'), { body: 'this one stays' })
  const found = async () => kinds(await filesWith(dataDir, secret))
  await expect.poll(found).toEqual(['events', 'journal', 'snapshots', 'store', 'versions'])
}

describe('an erased document', () => {
  it('leaves no byte in any store, and only an audit entry without content', async () => {
    await write()
    expect((await erase()).status).toBe(204)
    expect(await filesWith(dataDir, secret)).toEqual([])
    await server.restart()
    expect(await filesWith(dataDir, secret)).toEqual([])
    expect(await readdir(join(dataDir, 'objects'), { recursive: true })).not.toContain(
      expect.stringContaining('erasures/'),
    )
    const read = await owner.get(documentPath(name))
    expect([read.status, read.code]).toEqual([410, 'CODRAFT_DOCUMENT_ERASED'])
    const { json } = await owner.get(documentPath(name, '/audit'))
    expect(json['items']).toContainEqual(
      expect.objectContaining({ action: 'erased', userId: 'olga', address: '127.0.0.1' }),
    )
    expect((await owner.get(documentPath('other'), { query: { format: 'text' } })).text).toContain('stays')
  })

  it('closes its editors with a code, on every wire', async () => {
    await write()
    await using first = await connectHocuspocus(server, name)
    await using second = await connectYWebsocket(server, name)
    await expect.poll(() => first.isSaved && second.provider.synced).toBe(true)
    await erase()
    await expect.poll(() => first.closeReasons).toContainEqual(expect.stringContaining('ERASED'))
    await expect.poll(() => second.closeCodes).toContain(4410)
  })

  it('is not brought back by a client that was offline, with old edits and new ones, nor by a retry', async () => {
    await write()
    await using offline = await connectHocuspocus(server, name)
    await using offlineY = await connectYWebsocket(server, name)
    await expect.poll(() => offline.isSaved && offlineY.provider.synced).toBe(true)
    offline.provider.configuration.websocketProvider.disconnect()
    offlineY.provider.disconnect()
    offline.text.insert(0, `written offline: ${secret}`)
    offlineY.text.insert(0, `written offline: ${secret}`)
    const update = Y.encodeStateAsUpdate(offline.document)
    await erase()
    await offline.provider.configuration.websocketProvider.connect()
    offlineY.provider.connect()
    await expect.poll(() => offline.deniedReason ?? '').toContain('CODRAFT_DOCUMENT_ERASED')
    await expect.poll(() => offlineY.closeCodes).toContain(4410)
    for (const retry of [
      await owner.patch(documentPath(name), { body: update }),
      await owner.put(documentPath(name), { body: secret }),
      await owner.post(documentPath(name, '/versions'), { body: {} }),
      await erase(),
    ]) {
      if (retry.status !== 204) expect([retry.status, retry.code]).toEqual([410, 'CODRAFT_DOCUMENT_ERASED'])
    }
    expect(await filesWith(dataDir, secret)).toEqual([])
    await server.restart('SIGKILL')
    await using late = await connectHocuspocus(server, name, { document: offline.document })
    await expect.poll(() => late.deniedReason ?? '').toContain('CODRAFT_DOCUMENT_ERASED')
    expect(await filesWith(dataDir, secret)).toEqual([])
  })

  it('is complete after a kill in its midst', async () => {
    await write()
    const answer = erase().catch(() => undefined)
    await expect
      .poll(async () => (await readdir(join(dataDir, 'objects'), { recursive: true })).join(' '), {
        interval: 1,
      })
      .toContain('erasures/')
    await server.restart('SIGKILL')
    await answer
    await expect.poll(() => filesWith(dataDir, secret)).toEqual([])
    expect((await owner.get(documentPath(name))).code).toBe('CODRAFT_DOCUMENT_ERASED')
  })

  it('needs an owner', async () => {
    await write()
    const editor = await restClient(server, 'ed')
    const { status, code } = await editor.delete(documentPath(name), { query: { mode: 'erase' } })
    expect([status, code]).toEqual([403, 'CODRAFT_ROLE_INSUFFICIENT'])
    expect((await owner.delete(documentPath(name), { query: { mode: 'shred' } })).code).toBe(
      'CODRAFT_REQUEST_INVALID',
    )
  })
})

describe('a document in the bin', () => {
  it('is closed, is not listed, cannot be opened or read, and comes back as it was', async () => {
    await write()
    await using editor = await connectHocuspocus(server, name)
    await expect.poll(() => editor.isSaved).toBe(true)
    expect((await owner.delete(documentPath(name))).status).toBe(204)
    await expect.poll(() => editor.closeReasons).toContainEqual(expect.stringContaining('DELETED'))
    await using late = await connectHocuspocus(server, name)
    await expect.poll(() => late.deniedReason ?? '').toContain('CODRAFT_DOCUMENT_DELETED')
    const read = await owner.get(documentPath(name))
    expect([read.status, read.code]).toEqual([410, 'CODRAFT_DOCUMENT_DELETED'])
    const names = async (bin: boolean): Promise<unknown[]> =>
      (
        (await owner.get('/api/documents', { query: { bin: `${bin}` } })).json['items'] as { name: string }[]
      ).map(({ name }) => name)
    expect(await names(false)).not.toContain(name)
    expect(await names(true)).toContain(name)
    const editorRest = await restClient(server, 'ed')
    expect((await editorRest.post(documentPath(name, '/restore'))).code).toBe('CODRAFT_ROLE_INSUFFICIENT')
    expect((await owner.post(documentPath(name, '/restore'))).json).toMatchObject({ name, deletedAt: null })
    expect((await owner.get(documentPath(name), { query: { format: 'text' } })).text).toContain(secret)
    expect((await owner.post(documentPath('never', '/restore'))).code).toBe('CODRAFT_DOCUMENT_NOT_FOUND')
  })
})

describe('the bin', () => {
  it('is emptied of what has been in it for its time, with an audit entry of the server; the rest stays', async () => {
    await write()
    expect((await owner.delete(documentPath(name))).status).toBe(204)
    expect((await owner.delete(documentPath('other'))).status).toBe(204)
    await server.kill('SIGTERM')
    {
      using database = new DatabaseSync(join(dataDir, 'store.sqlite'))
      const long = Date.now() - 31 * 24 * 3_600_000
      database.prepare('UPDATE documents SET deleted_at = ? WHERE name = ?').run(long, name)
      database.exec('DELETE FROM leases')
    }
    await server.start()
    await expect.poll(async () => (await owner.get(documentPath(name))).code).toBe('CODRAFT_DOCUMENT_ERASED')
    await expect.poll(() => filesWith(dataDir, secret)).toEqual([])
    const { json } = await owner.get(documentPath(name, '/audit'))
    expect(json['items']).toContainEqual(
      expect.objectContaining({ action: 'erased', userId: null, address: null }),
    )
    expect((await owner.post(documentPath('other', '/restore'))).status).toBe(200)
  })
})

describe('all of a user', () => {
  it('is erased: documents of the user alone, and every row about the user', async () => {
    const ada = await restClient(server, 'ada-lovelace', { documents: null })
    const bob = await restClient(server, 'bob', { documents: null })
    await ada.put(documentPath('diary'), { body: secret })
    await ada.put(documentPath('shared'), { body: 'ours' })
    await ada.put(documentPath('shared', '/grants/bob'), { body: { role: 'owner' } })
    const { status, json } = await ada.delete('/api/users/me')
    expect([status, json]).toEqual([200, { documents: ['diary'] }])
    expect(await filesWith(dataDir, secret)).toEqual([])
    expect((await bob.get(documentPath('shared'), { query: { format: 'text' } })).text).toContain('ours')
    expect((await bob.get(documentPath('shared', '/grants'))).json['items']).toHaveLength(1)
    // What the user has done before is counted later, as nobody's.
    await expect
      .poll(async () => (await bob.get(documentPath('shared', '/analytics'))).json['total'])
      .toMatchObject({ edits: 1, editors: 0 })
    const stores = (await filesWith(dataDir, 'ada-lovelace')).filter((path) => path.includes('store.sqlite'))
    expect(stores).toEqual([])
    expect((await ada.get(documentPath('diary'))).status).toBe(403)
    expect((await ada.get(documentPath('shared'))).status).toBe(403)
  })
})
