import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDocument, findDocument, listDocuments } from '../../src/store/documents.ts'
import { Store } from '../../src/store/Store.ts'
import { storeConformance } from './store.ts'

const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'codraft-store-'))

storeConformance('SQLite', async (databases) => {
  const folder = await temporaryFolder()
  return {
    urls: Array.from({ length: databases }, (_, i) => `sqlite:${join(folder, `${i}.sqlite`)}`),
    dispose: () => rm(folder, { recursive: true }),
  }
})

describe('SQLite store', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await temporaryFolder()
    path = join(folder, 'store.sqlite')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('waits for the lock of another process while the event loop runs on', async () => {
    const store = await Store.open({ databases: [`sqlite:${path}`] })
    const blocker = new DatabaseSync(path)
    blocker.exec('BEGIN IMMEDIATE')
    let done = false
    const created = createDocument(store.of('doc'), { name: 'doc', ownerId: null, at: 1 })
    void created.then(() => (done = true))
    let turns = 0
    const count = setInterval(() => (turns += 1), 1)
    await expect.poll(() => turns).toBeGreaterThan(50)
    expect(done).toBe(false)
    blocker.exec('ROLLBACK')
    blocker.close()
    expect(await created).toBe(true)
    clearInterval(count)
    await store.close()
  })

  it('refuses a file that cannot be opened', async () => {
    await expect(Store.open({ databases: [`sqlite:${folder}/none/store.sqlite`] })).rejects.toMatchObject({
      message: expect.stringContaining('unable to open'),
    })
  })

  it('reads lists from replicas, permissions from the shard', async () => {
    const replica = join(folder, 'replica.sqlite')
    const copy = await Store.open({ databases: [`sqlite:${replica}`] })
    await createDocument(copy.of('stale'), { name: 'stale', ownerId: null, at: 1 })
    await copy.close()
    const store = await Store.open({ databases: [`sqlite:${path}`], readDatabases: [`sqlite:${replica}`] })
    await createDocument(store.of('fresh'), { name: 'fresh', ownerId: null, at: 1 })
    const names = async (from: Store): Promise<string[]> =>
      (await listDocuments(from, { patterns: ['*'], limit: 10 })).items.map(({ name }) => name)
    expect(await names(store)).toEqual(['stale'])
    expect(await findDocument(store.of('stale'), 'stale')).toBeUndefined()
    expect(await findDocument(store.forReading('stale'), 'stale')).toBeDefined()
    await store.close()
  })
})
