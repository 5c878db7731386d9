import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyUpdate, Doc, encodeStateAsUpdate } from 'yjs'
import {
  Compactor,
  FolderObjectStore,
  type ObjectStore,
  SnapshotStore,
} from '../../extensions/snapshots/index.ts'

let root: string
let objects: FolderObjectStore
let compactor: Compactor
let store: SnapshotStore
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'codraft-snapshots-'))
  objects = await FolderObjectStore.open({ root })
  compactor = new Compactor()
  store = storeOver(objects)
})
afterEach(async () => {
  await compactor.close()
  objects.close()
  await rm(root, { recursive: true })
})

const storeOver = (objects: ObjectStore, journalId = 'journal'): SnapshotStore =>
  new SnapshotStore({
    objects,
    journalId,
    merge: (a, b) => compactor.compact({ state: a, updates: [b] }),
  })

/** A state in which each of `keys` is set, by a client of its own. */
const stateWith = (...keys: string[]): Uint8Array => {
  const document = new Doc()
  for (const key of keys) document.getMap().set(key, true)
  return encodeStateAsUpdate(document)
}
const keysIn = (state: Uint8Array | undefined): string[] => {
  const document = new Doc()
  if (state) applyUpdate(document, state)
  return [...document.getMap().keys()].sort()
}
const snapshotKeys = (): Promise<string[]> => Array.fromAsync(objects.list('documents/doc/snapshots/'))

/** The folder with some methods replaced. */
const altered = (methods: Partial<ObjectStore>): ObjectStore => ({
  get: (key) => objects.get(key),
  put: (key, body, condition) => objects.put(key, body, condition),
  delete: (key) => objects.delete(key),
  list: (prefix) => objects.list(prefix),
  check: () => objects.check(),
  close: () => objects.close(),
  ...methods,
})
const isManifest = (key: string): boolean => key.endsWith('/manifest.json')

describe('a committed state', () => {
  it('is read back with its position, and takes the place of the one before', async () => {
    expect(await store.read('doc')).toBeUndefined()
    const first = await store.commit('doc', { state: stateWith('a'), position: 3 }, undefined)
    const second = await store.commit('doc', { state: stateWith('a', 'b'), position: 7 }, first)
    expect(await store.read('doc')).toEqual(second)
    expect(second).toMatchObject({ position: 7, epoch: 0 })
    expect(keysIn(second.state)).toEqual(['a', 'b'])
    expect(await snapshotKeys()).toEqual([second.key])
  })

  it('is merged with what another has committed since it was read', async () => {
    const base = await store.commit('doc', { state: stateWith('a'), position: 1 }, undefined)
    await store.commit('doc', { state: stateWith('a', 'b'), position: 9 }, base)
    const late = await store.commit('doc', { state: stateWith('a', 'c'), position: 5 }, base)
    expect(keysIn(late.state)).toEqual(['a', 'b', 'c'])
    expect(late.position).toBe(9)
    expect(await snapshotKeys()).toEqual([late.key])
  })

  it('of 24 concurrent writers holds what each of them has added', async () => {
    const names = Array.from({ length: 24 }, (_, i) => `writer ${i}`)
    const committed = await Promise.all(
      names.map((name, i) =>
        storeOver(objects).commit('doc', { state: stateWith(name), position: i }, undefined),
      ),
    )
    const stored = await store.read('doc')
    expect(keysIn(stored?.state)).toEqual(names.sort())
    expect(stored?.position).toBe(23)
    expect(Math.max(...committed.map(({ position }) => position))).toBe(23)
    expect(await snapshotKeys()).toEqual([stored?.key])
  })

  it('is found by a reader whose object is replaced and deleted under its hands', async () => {
    let latest = await store.commit('doc', { state: stateWith('0'), position: 1 }, undefined)
    let replacements = 3
    const overtaken = storeOver(
      altered({
        async get(key) {
          if (!isManifest(key) && replacements-- > 0) {
            const position = latest.position + 1
            latest = await store.commit('doc', { state: stateWith(`${position}`), position }, latest)
          }
          return objects.get(key)
        },
      }),
    )
    expect(await overtaken.read('doc')).toEqual(latest)
    expect(latest.position).toBe(4)
  })

  it('counts as committed when only the answer to the swap was lost', async () => {
    let answersToLose = 1
    const unreliable = storeOver(
      altered({
        async put(key, body, condition) {
          const tag = await objects.put(key, body, condition)
          return isManifest(key) && answersToLose-- > 0 ? undefined : tag
        },
      }),
    )
    const stored = await unreliable.commit('doc', { state: stateWith('a'), position: 1 }, undefined)
    expect(await store.read('doc')).toEqual(stored)
    expect(await snapshotKeys()).toEqual([stored.key])
  })

  it('is given up, without loss, when others come first again and again', async () => {
    const unlucky = storeOver(
      altered({ put: async (key, ...rest) => (isManifest(key) ? undefined : objects.put(key, ...rest)) }),
    )
    await expect(unlucky.commit('doc', { state: stateWith('a'), position: 1 }, undefined)).rejects.toThrow(
      'CODRAFT_STORE_CONFLICT: doc',
    )
    expect(await snapshotKeys()).toEqual([])
  })

  it('stays readable when the next writer is killed between the object and the manifest', async () => {
    const stored = await store.commit('doc', { state: stateWith('a'), position: 1 }, undefined)
    const script = fileURLToPath(new URL('./snapshot-committer.ts', import.meta.url))
    const child = spawn(process.execPath, [script, root, 'journal', 'doc'], { stdio: 'inherit' })
    const [, signal] = await once(child, 'exit')
    expect(signal).toBe('SIGKILL')
    expect(await store.read('doc')).toEqual(stored)
    expect(await snapshotKeys()).toHaveLength(2)
    expect(await store.commit('doc', { state: stateWith('a', 'b'), position: 2 }, stored)).toMatchObject({
      position: 2,
    })
  })

  it('is found orphaned after an hour only', async () => {
    const stored = await store.commit('doc', { state: stateWith('a'), position: 1 }, undefined)
    const keyOf = (ageMs: number): string => stored.key!.replace(/0-\d+-/, `0-${Date.now() - ageMs}-`)
    await objects.put(keyOf(2 * 3_600_000), stored.state)
    await objects.put(keyOf(60_000), stored.state)
    await store.deleteOrphans('doc')
    const left = await snapshotKeys()
    expect(left).toHaveLength(2)
    expect(left).toContain(stored.key)
  })
})

describe('another journal', () => {
  it('is replayed from its beginning, and each keeps its own position', async () => {
    const first = await store.commit('doc', { state: stateWith('a'), position: 500 }, undefined)
    const anew = storeOver(objects, 'journal made anew')
    const base = await anew.read('doc')
    expect(base).toMatchObject({ position: 0, state: first.state })
    await anew.commit('doc', { state: stateWith('a', 'b'), position: 2 }, base)
    expect(await anew.read('doc')).toMatchObject({ position: 2 })
    expect(await store.read('doc')).toMatchObject({ position: 500 })
  })
})

describe('an erased document', () => {
  it('has nothing left in the store, and the journal below the position is not replayed', async () => {
    await store.commit('doc', { state: stateWith('a'), position: 5 }, undefined)
    await store.erase('doc', 8)
    expect(await snapshotKeys()).toEqual([])
    const base = await store.read('doc')
    expect(base).toMatchObject({ position: 8, epoch: 1 })
    expect(keysIn(base?.state)).toEqual([])
    const anew = await store.commit('doc', { state: stateWith('b'), position: 9 }, base)
    expect(keysIn((await store.read('doc'))?.state)).toEqual(['b'])
    expect(await snapshotKeys()).toEqual([anew.key])
  })

  it('does not come back through a writer that had read it before', async () => {
    const base = await store.commit('doc', { state: stateWith('a'), position: 5 }, undefined)
    await store.erase('doc', 8)
    await expect(store.commit('doc', { state: stateWith('a', 'late'), position: 9 }, base)).rejects.toThrow(
      'CODRAFT_DOCUMENT_ERASED: doc',
    )
    await expect(store.commit('doc', { state: stateWith('late'), position: 9 }, undefined)).rejects.toThrow(
      'CODRAFT_DOCUMENT_ERASED: doc',
    )
    expect(keysIn((await store.read('doc'))?.state)).toEqual([])
    expect(await snapshotKeys()).toEqual([])
  })
})

describe('a damaged document', () => {
  it('is reported with its name and key, is never empty, and leaves others alone', async () => {
    const { key } = await store.commit('doc', { state: stateWith('a'), position: 1 }, undefined)
    await store.commit('sound', { state: stateWith('b'), position: 2 }, undefined)
    const damages: [string, () => Promise<unknown>, string][] = [
      ['snapshot', () => truncate(join(root, key!), 30), key!],
      ['snapshot', () => writeFile(join(root, key!), ''), key!],
      ['snapshot', () => objects.put(key!, Buffer.from('another body')), key!],
      ['snapshot', () => objects.delete(key!), key!],
      ['manifest', () => objects.put('documents/doc/manifest.json', Buffer.from('{}')), 'manifest.json'],
      ['manifest', () => truncate(join(root, 'documents/doc/manifest.json'), 10), 'manifest.json'],
    ]
    for (const [what, damage, named] of damages) {
      await damage()
      const error: unknown = await store.read('doc').catch((error: unknown) => error)
      expect(error, what).toMatchObject({ errorCode: 'CODRAFT_DOCUMENT_CORRUPT' })
      expect((error as Error).message, what).toContain('doc: documents/doc/')
      expect((error as Error).message, what).toContain(named)
    }
    expect(keysIn((await store.read('sound'))?.state)).toEqual(['b'])
  })

  it('is told from a store that cannot be reached', async () => {
    const unreachable = storeOver(altered({ get: () => Promise.reject(new Error('connection refused')) }))
    await expect(unreachable.read('doc')).rejects.toThrow(/^connection refused$/)
  })
})
