import { readdir, truncate } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SqliteJournal } from '../../extensions/journal/index.ts'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

let server: TestServer
beforeEach(async () => {
  server = await startServer({ env: { COMPACT_AFTER_BYTES: '2048' } })
})
afterEach(() => server.close())

const textOf = async (name: string): Promise<string> => {
  await using reader = await connectHocuspocus(server, name)
  await expect.poll(() => reader.isSaved).toBe(true)
  return reader.text.toJSON()
}

describe('an acknowledged edit', () => {
  it('survives kill -9 of the server', async () => {
    {
      // Gone before the server is, so that it cannot send the edit again.
      await using writer = await connectHocuspocus(server, 'doc')
      writer.text.insert(0, 'precious')
      await expect.poll(() => writer.isSaved).toBe(true)
    }
    await server.restart('SIGKILL')
    expect(await textOf('doc')).toBe('precious')
  })

  it('survives kill -9 in the middle of snapshots being made and the journal being trimmed', async () => {
    let expected = ''
    for (let round = 0; round < 3; round++) {
      await using writer = await connectHocuspocus(server, 'doc')
      await expect.poll(() => writer.isSaved).toBe(true)
      expect(writer.text.toJSON()).toBe(expected)
      for (let i = 0; i < 200; i++) writer.text.insert(writer.text.length, `round ${round} edit ${i}; `)
      await expect.poll(() => writer.isSaved).toBe(true)
      expected = writer.text.toJSON()
      await server.restart('SIGKILL')
    }
    expect(await textOf('doc')).toBe(expected)
  })
})

it('the journal knows who made an edit, on every wire', async () => {
  {
    await using ann = await connectHocuspocus(server, 'doc', { user: 'ann' })
    await using bob = await connectYWebsocket(server, 'doc', { user: 'bob' })
    await expect.poll(() => ann.isSaved).toBe(true)
    ann.text.insert(0, 'ann')
    await expect.poll(() => bob.text.toJSON()).toBe('ann')
    bob.text.insert(3, ' and bob')
    await expect.poll(() => ann.text.toJSON()).toBe('ann and bob')
  }
  await server.kill('SIGTERM')
  const journal = await SqliteJournal.open({ path: join(server.dataDir, 'journal.sqlite') })
  const records = await journal.read('doc')
  await journal.close()
  const users = records.flatMap(({ origins }) => origins.map(({ userId }) => userId))
  expect(users).toEqual(['ann', 'bob'])
})

it('SIGTERM stores everything, ends with 0, and clients come back by themselves', async () => {
  await using writer = await connectHocuspocus(server, 'doc')
  await expect.poll(() => writer.isSaved).toBe(true)
  writer.text.insert(0, 'before')
  expect(await server.kill('SIGTERM')).toBe(0)
  writer.text.insert(6, ' and after')
  await server.start()
  await expect.poll(() => writer.isSaved, { timeout: 10_000 }).toBe(true)
  expect(await textOf('doc')).toBe('before and after')
})

it('no edit is called saved while the journal cannot be written; all of them are once it can', async () => {
  await using writer = await connectHocuspocus(server, 'doc')
  await using reader = await connectYWebsocket(server, 'doc')
  await expect.poll(() => writer.isSaved).toBe(true)
  const blocker = new DatabaseSync(join(server.dataDir, 'journal.sqlite'))
  blocker.exec('BEGIN IMMEDIATE')
  writer.text.insert(0, 'kept')
  await expect.poll(() => writer.stateless).toContain('{"type":"durability","state":"degraded"}')
  await expect.poll(() => reader.text.toJSON()).toBe('kept')
  expect(writer.isSaved).toBe(false)
  const response = await fetch(`${server.url}/health/ready`)
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({
    state: 'unavailable',
    dependencies: { journal: { state: 'unavailable', error: expect.stringContaining('locked') } },
  })
  // A client that comes anew finds the edit in memory; that it is not durable yet holds its acknowledgement back too.
  await using second = await connectHocuspocus(server, 'doc')
  await expect.poll(() => second.text.toJSON()).toBe('kept')
  expect(second.isSaved).toBe(false)

  blocker.exec('ROLLBACK')
  blocker.close()
  await expect.poll(() => writer.isSaved && second.isSaved, { timeout: 10_000 }).toBe(true)
  await expect.poll(() => writer.stateless).toContain('{"type":"durability","state":"ok"}')
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200)
  await server.restart('SIGKILL')
  expect(await textOf('doc')).toBe('kept')
})

it('a damaged snapshot is reported with the name of its document, and other documents work', async () => {
  for (const name of ['damaged', 'sound']) {
    await using writer = await connectHocuspocus(server, name)
    await expect.poll(() => writer.isSaved).toBe(true)
    writer.text.insert(0, name.repeat(1_000))
    await expect.poll(() => writer.isSaved).toBe(true)
  }
  const snapshots = join(server.dataDir, 'objects/documents/damaged/snapshots')
  await expect.poll(async () => (await readdir(snapshots).catch(() => [])).length).toBe(1)
  await server.kill('SIGTERM')
  const [file] = await readdir(snapshots)
  await truncate(join(snapshots, file!), 20)
  await server.start()
  await using client = await connectHocuspocus(server, 'damaged')
  await expect.poll(() => client.deniedReason).toMatch(/^CODRAFT_DOCUMENT_CORRUPT: damaged/)
  expect(client.text.toJSON()).toBe('')
  expect(await textOf('sound')).toBe('sound'.repeat(1_000))
})

it('documents that nobody uses leave memory, and nothing of them is lost', async () => {
  const documents = async (): Promise<number> => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    return Number(/^codraft_documents (\d+)$/m.exec(metrics)?.[1])
  }
  for (let i = 0; i < 20; i++) {
    await using writer = await connectHocuspocus(server, `doc${i}`)
    await expect.poll(() => writer.isSaved).toBe(true)
    writer.text.insert(0, `text ${i}`)
    await expect.poll(() => writer.isSaved).toBe(true)
  }
  await expect.poll(documents).toBe(0)
  expect(await textOf('doc7')).toBe('text 7')
})

it('a client that opens a stored document is synchronised when it has all of it, the snapshot and what came after', async () => {
  await using ownServer = await startServer()
  const name = 'with-a-tail'
  const length = 200_000
  {
    await using writer = await connectHocuspocus(ownServer, name)
    writer.text.insert(0, 'x'.repeat(length))
    await expect.poll(() => writer.isSaved).toBe(true)
    await ownServer.restart('SIGTERM')
    await expect.poll(() => writer.isSaved).toBe(true)
    for (let i = 1; i <= 400; i++) {
      writer.text.insert(0, `${i} `.padStart(1_000, '.'))
      if (i % 20 === 0) await expect.poll(() => writer.isSaved, { interval: 5 }).toBe(true)
    }
  }
  await ownServer.restart('SIGKILL')
  await using yjs = await connectYWebsocket(ownServer, name)
  await using reader = await connectHocuspocus(ownServer, name)
  const lengths: number[] = []
  reader.provider.on('synced', () => lengths.push(reader.text.length))
  yjs.provider.on('sync', () => lengths.push(yjs.text.length))
  await expect.poll(() => lengths).toEqual([length + 400_000, length + 400_000])
})
