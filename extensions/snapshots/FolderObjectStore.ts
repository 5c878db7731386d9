import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { access, mkdir, open, opendir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CodraftError } from '../errors.ts'
import { FolderLock } from './FolderLock.ts'
import type { ObjectStore, StoredObject, VersionTag, WriteCondition } from './ObjectStore.ts'
import { assertObjectKey, assertObjectKeyPrefix } from './object-keys.ts'
import { appendTrailer, readTrailer, tagLength, trailerLength } from './object-trailer.ts'

export interface FolderObjectStoreOptions {
  /** Folder of the objects; made when missing. Several processes of one machine may share it. */
  readonly root: string
}

/** Age from which a temporary file cannot belong to a write under way, ms. */
const abandonedAfterMs = 10 * 60_000

// `@` is not a character of keys.
const lockName = '@lock'
const temporaryName = '@temporary'

/**
 * Objects as files: the key is the path below the root, the file is the body and a trailer of 24 bytes with version
 * tag and checksum. A write goes to a temporary file, is flushed to the disk, renamed, and its folders are flushed.
 * Needs a file system with working locks: a local one, or NFS version 4.
 */
export class FolderObjectStore implements ObjectStore {
  readonly #root: string
  readonly #temporary: string
  readonly #lock: FolderLock

  private constructor(root: string) {
    this.#root = root
    this.#temporary = join(root, temporaryName)
    this.#lock = new FolderLock(join(root, lockName))
  }

  /** Opens or creates the folder and removes what a killed process has left half-written. */
  static async open({ root }: FolderObjectStoreOptions): Promise<FolderObjectStore> {
    await mkdir(join(root, temporaryName), { recursive: true })
    const store = new FolderObjectStore(root)
    await store.#removeAbandoned()
    return store
  }

  async get(key: string): Promise<StoredObject | undefined> {
    assertObjectKey(key)
    const file = await whenPresent(readFile(join(this.#root, key)))
    if (!file) return this.#confirmPresent()
    const trailer = readTrailer(file)
    if (!trailer?.intact) throw damaged(key)
    return {
      body: new Uint8Array(file.buffer, file.byteOffset, file.length - trailerLength),
      tag: trailer.tag,
    }
  }

  async put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<VersionTag | undefined> {
    assertObjectKey(key)
    const path = join(this.#root, key)
    const tag = randomBytes(tagLength).toString('hex')
    const temporary = join(this.#temporary, tag)
    try {
      await writeDurably(temporary, appendTrailer(body, tag))
      const written = await this.#lock.run(() => {
        if (condition && !holds(condition, tagOf(path, key))) return false
        mkdirSync(dirname(path), { recursive: true })
        renameSync(temporary, path)
        return true
      })
      if (!written) return undefined
      await this.#syncFolders(dirname(key))
      return tag
    } finally {
      await rm(temporary, { force: true })
    }
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key)
    await this.#lock.run(() => {
      rmSync(join(this.#root, key), { force: true })
      this.#removeEmptyFolders(dirname(key))
    })
    await this.#syncFolders(dirname(key))
  }

  async *list(prefix: string): AsyncIterable<string> {
    assertObjectKeyPrefix(prefix)
    for await (const key of this.#walk(prefix.slice(0, prefix.lastIndexOf('/') + 1)))
      if (key.startsWith(prefix)) yield key
  }

  async check(): Promise<void> {
    const temporary = join(this.#temporary, randomBytes(tagLength).toString('hex'))
    try {
      await writeDurably(temporary, new Uint8Array(1))
      await this.#lock.run(() => undefined)
    } finally {
      await rm(temporary, { force: true })
    }
  }

  /** Releases the lock file; the store cannot be used any more. */
  close(): void {
    this.#lock.close()
  }

  /** A volume that was unmounted must not look like a store without documents. */
  async #confirmPresent(): Promise<undefined> {
    await access(join(this.#root, lockName))
  }

  /** `folder` is '' or ends in `/`. */
  async *#walk(folder: string): AsyncIterable<string> {
    const entries = await whenPresent(opendir(join(this.#root, folder)), 'ENOTDIR')
    if (!entries) return this.#confirmPresent()
    for await (const entry of entries) {
      if (entry.name.startsWith('@')) continue
      if (entry.isDirectory()) yield* this.#walk(`${folder}${entry.name}/`)
      else yield `${folder}${entry.name}`
    }
  }

  /** Flushes `folder` (relative) and all above it: any of them may have been made by a writer that is not done yet. */
  async #syncFolders(folder: string): Promise<void> {
    // Windows cannot open folders; its file systems keep renames in their own log.
    if (process.platform === 'win32') return
    for (let current = folder; ; current = dirname(current)) {
      // Missing: the object and its folder were deleted meanwhile.
      await whenPresent(syncFolder(join(this.#root, current)))
      if (current === '.') return
    }
  }

  /** Called with the lock held, as is the making of folders, so none vanishes under a write. */
  #removeEmptyFolders(folder: string): void {
    for (let current = folder; current !== '.'; current = dirname(current)) {
      try {
        rmdirSync(join(this.#root, current))
      } catch {
        return // not empty, or gone
      }
    }
  }

  async #removeAbandoned(): Promise<void> {
    for await (const entry of await opendir(this.#temporary)) {
      const path = join(this.#temporary, entry.name)
      const status = await whenPresent(stat(path))
      if (status && status.mtimeMs < Date.now() - abandonedAfterMs) await rm(path, { force: true })
    }
  }
}

const damaged = (key: string): CodraftError =>
  new CodraftError('CODRAFT_DOCUMENT_CORRUPT', `${key}: the file is damaged`)

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code

/** Undefined for a file that is missing, and for an error of the code `also`. */
const whenPresent = async <T>(result: Promise<T>, also?: string): Promise<T | undefined> => {
  try {
    return await result
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === also) return undefined
    throw error
  }
}

const writeDurably = async (path: string, content: Uint8Array): Promise<void> => {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const syncFolder = async (path: string): Promise<void> => {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const holds = (condition: WriteCondition, tag: VersionTag | undefined): boolean =>
  condition === 'absent' ? tag === undefined : tag === condition.tag

/** Tag of the file at `path`; undefined when there is none. */
const tagOf = (path: string, key: string): VersionTag | undefined => {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const end = Buffer.alloc(trailerLength)
    readSync(file, end, 0, trailerLength, Math.max(0, fstatSync(file).size - trailerLength))
    const trailer = readTrailer(end)
    if (!trailer) throw damaged(key)
    return trailer.tag
  } finally {
    closeSync(file)
  }
}
