import { mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderObjectStore } from '../../extensions/snapshots/index.ts'
import { objectStoreConformance } from './object-store.ts'

const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'codraft-objects-'))

objectStoreConformance('Folder', async () => {
  const root = await temporaryFolder()
  const store = await FolderObjectStore.open({ root })
  return {
    store,
    remote: { module: new URL('./folder-object-store-open.ts', import.meta.url).href, options: { root } },
    async close() {
      store.close()
      await rm(root, { recursive: true })
    },
  }
})

describe('Folder object store in trouble', () => {
  let root: string
  let store: FolderObjectStore
  beforeEach(async () => {
    root = await temporaryFolder()
    store = await FolderObjectStore.open({ root })
  })
  afterEach(async () => {
    store.close()
    await rm(root, { recursive: true, force: true })
  })
  const body = new TextEncoder().encode('some content')

  it('keeps objects over a restart', async () => {
    const tag = await store.put('a/b', body)
    store.close()
    store = await FolderObjectStore.open({ root })
    expect(await store.get('a/b')).toEqual({ body, tag })
  })

  it('reports a changed, a shortened and an emptied file as damaged, never as missing', async () => {
    for (const damage of [
      async (path: string) => writeFile(path, (await readFile(path)).fill(0x58, 0, 1)),
      async (path: string) => truncate(path, 20),
      async (path: string) => truncate(path, 0),
    ]) {
      await store.put('a/b', body)
      await damage(join(root, 'a/b'))
      await expect(store.get('a/b')).rejects.toThrow(/CODRAFT_DOCUMENT_CORRUPT: a\/b/)
    }
  })

  it('removes the temporary files of a killed process, and no others', async () => {
    const temporary = join(root, '@temporary')
    await writeFile(join(temporary, 'old'), 'x')
    await writeFile(join(temporary, 'young'), 'x')
    const anHourAgo = Date.now() / 1_000 - 3_600
    await utimes(join(temporary, 'old'), anHourAgo, anHourAgo)
    store.close()
    store = await FolderObjectStore.open({ root })
    expect(await readdir(temporary)).toEqual(['young'])
  })

  it('leaves no temporary files and no empty folders', async () => {
    await store.put('a/b/c', body)
    await store.put('a/b/c', body, 'absent')
    await store.put('a/d', body)
    await store.delete('a/b/c')
    expect(await readdir(join(root, '@temporary'))).toEqual([])
    expect(await readdir(join(root, 'a'))).toEqual(['d'])
    await store.delete('a/d')
    expect((await readdir(root)).sort()).toEqual(['@lock', '@temporary'])
  })

  it('does not take a folder that has disappeared for an empty one', async () => {
    await store.put('a/b', body)
    await rename(root, `${root}-away`)
    await expect(store.get('a/b')).rejects.toThrow('ENOENT')
    await expect(store.check()).rejects.toThrow('ENOENT')
    await mkdir(root)
    await expect(store.get('a/b')).rejects.toThrow('ENOENT')
    await rm(root, { recursive: true })
    await writeFile(root, 'a file')
    await expect(store.get('a/b')).rejects.toThrow('ENOTDIR')
    await rm(root)
    await rename(`${root}-away`, root)
    expect((await store.get('a/b'))!.body).toEqual(body)
  })
})
