import { randomBytes } from 'node:crypto'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'
import {
  EncryptedObjectStore,
  FolderObjectStore,
  type ObjectStore,
  SnapshotStore,
} from '../../extensions/snapshots/index.ts'
import { open } from './encrypted-object-store-open.ts'
import { objectStoreConformance } from './object-store.ts'

const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'codraft-encrypted-'))

objectStoreConformance('Encrypted', async () => {
  const root = await temporaryFolder()
  const options = { root, masterKey: randomBytes(32).toString('base64') }
  const store = await open(options)
  return {
    store,
    remote: { module: new URL('./encrypted-object-store-open.ts', import.meta.url).href, options },
    async close() {
      store.close()
      await rm(root, { recursive: true })
    },
  }
})

describe('Encrypted object store', () => {
  const [first, second, third] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const
  const body = Buffer.from('what nobody else may read')
  const snapshot = 'documents/doc/snapshots/0-1-content'
  let root: string
  const opened: ObjectStore[] = []
  const openWith = async (...masterKeys: Uint8Array[]): Promise<EncryptedObjectStore> => {
    const store = await EncryptedObjectStore.open({
      objects: await FolderObjectStore.open({ root }),
      masterKeys,
    })
    opened.push(store)
    return store
  }
  beforeEach(async () => {
    root = await temporaryFolder()
  })
  afterEach(async () => {
    for (const store of opened.splice(0)) store.close()
    await rm(root, { recursive: true })
  })
  const bytesOf = async (folder: string): Promise<Buffer> => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    return Buffer.concat(await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name)))))
  }

  it('stores nothing that can be read without the master key', async () => {
    const store = await openWith(first)
    await store.put(snapshot, body)
    await store.put('exports/doc/file.pdf', body)
    const bytes = await bytesOf(root)
    expect(bytes.length).toBeGreaterThan(2 * body.length)
    expect(bytes.includes('nobody')).toBe(false)
    const stranger = await openWith(second)
    for (const key of [snapshot, 'exports/doc/file.pdf'])
      await expect(stranger.get(key)).rejects.toThrow('CODRAFT_ENCRYPTION_KEY_MISSING')
  })

  it('reads with any of its master keys, and wraps data keys anew with the first', async () => {
    const before = await openWith(first)
    await before.put(snapshot, body)
    await before.put('other', body)
    const rotated = await openWith(second, third, first)
    expect((await rotated.get(snapshot))!.body).toEqual(new Uint8Array(body))
    expect((await rotated.get('other'))!.body).toEqual(new Uint8Array(body))
    const after = await openWith(second)
    expect((await after.get(snapshot))!.body).toEqual(new Uint8Array(body))
    // Objects with a data key of their own are wrapped anew when they are written again.
    await expect(after.get('other')).rejects.toThrow('CODRAFT_ENCRYPTION_KEY_MISSING')
    await rotated.put('other', body)
    expect((await after.get('other'))!.body).toEqual(new Uint8Array(body))
  })

  it('refuses an object that was changed, cut, or moved to another key', async () => {
    const store = await openWith(first)
    const plain = await FolderObjectStore.open({ root })
    opened.push(plain)
    for (const key of [snapshot, 'other']) {
      await store.put(key, body)
      const sealed = (await plain.get(key))!.body
      const last = sealed.length - 1
      await plain.put(key, sealed.with(last, sealed[last]! ^ 1))
      await expect(store.get(key)).rejects.toThrow(`CODRAFT_DOCUMENT_CORRUPT: ${key}`)
      await plain.put(key, sealed.subarray(0, 10))
      await expect(store.get(key)).rejects.toThrow(`CODRAFT_DOCUMENT_CORRUPT: ${key}`)
      await plain.put(`${key}-moved`, sealed)
      await expect(store.get(`${key}-moved`)).rejects.toThrow(`CODRAFT_DOCUMENT_CORRUPT: ${key}-moved`)
    }
  })

  it('reads what was stored before it was encrypted', async () => {
    const plain = await FolderObjectStore.open({ root })
    opened.push(plain)
    await plain.put(snapshot, body)
    const store = await openWith(first)
    const { tag } = (await store.get(snapshot))!
    expect(await store.put(snapshot, body, { tag })).toBeTypeOf('string')
    expect(Buffer.from((await plain.get(snapshot))!.body).includes('nobody')).toBe(false)
  })

  it('lets 24 writers of a new document agree on its data key', async () => {
    const stores = await Promise.all(Array.from({ length: 24 }, () => openWith(first)))
    await Promise.all(stores.map((store, i) => store.put(`documents/doc/snapshots/0-${i}-x`, body)))
    const reader = await openWith(first)
    for (const [i] of stores.entries())
      expect((await reader.get(`documents/doc/snapshots/0-${i}-x`))!.body).toEqual(new Uint8Array(body))
  })

  it('makes copies of an erased document unreadable, and the next epoch is not affected', async () => {
    const stateWith = (text: string): Uint8Array => {
      const document = new Doc()
      document.getText().insert(0, text)
      return encodeStateAsUpdate(document)
    }
    const storeOver = (objects: ObjectStore): SnapshotStore =>
      new SnapshotStore({ objects, journalId: 'journal', merge: () => Promise.reject(new Error('no merge')) })
    const objects = await openWith(first)
    const store = storeOver(objects)
    const { key } = await store.commit('doc', { state: stateWith('erased'), position: 1 }, undefined)
    const copy = `${root}-copy`
    await cp(join(root, 'documents'), copy, { recursive: true })
    await store.erase('doc', 2)
    const base = await store.read('doc')
    await store.commit('doc', { state: stateWith('anew'), position: 3 }, base)

    // The copy is put back beside what is there: with the master key, but without the document's own.
    await cp(join(copy, 'doc/snapshots'), join(root, 'documents/doc/snapshots'), { recursive: true })
    await rm(copy, { recursive: true })
    const later = await openWith(first)
    await expect(later.get(key!)).rejects.toThrow(
      'CODRAFT_DOCUMENT_CORRUPT: keys/doc/0: the data key is missing',
    )
    const document = new Doc()
    applyUpdate(document, (await storeOver(later).read('doc'))!.state)
    expect(document.getText().toJSON()).toBe('anew')
  })
})
