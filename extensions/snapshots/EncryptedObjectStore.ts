import { randomBytes, type webcrypto } from 'node:crypto'
import { CodraftError } from '../errors.ts'
import { importKey, keyLength, MasterKeys, open, seal, wrappedLength } from './master-keys.ts'
import type { ObjectStore, StoredObject, VersionTag, WriteCondition } from './ObjectStore.ts'
import { assertObjectKey, dataKeyFolder, dataKeyOf } from './object-keys.ts'

export interface EncryptedObjectStoreOptions {
  /** Where the encrypted objects go. */
  readonly objects: ObjectStore
  /** Master keys of 32 bytes: the first encrypts, all of them decrypt. */
  readonly masterKeys: readonly Uint8Array[]
}

/** Begins an encrypted object; the byte after it says which data key. */
const magic = Buffer.from('CDE1')
const bySharedKey = 1
const byOwnKey = 2
const headerLength = magic.length + 1

const maxCachedKeys = 10_000

/**
 * Envelope encryption (AES-256-GCM) in front of another object store. Each object is encrypted by a data key, and data
 * keys are stored wrapped by a master key that the store never sees. A document's snapshots and versions share one
 * data key for each of its epochs, kept in an object of its own: whoever deletes that has made every copy of them
 * unreadable, backups included. Other objects carry a data key of their own. An object's key is authenticated with it.
 *
 * Objects that were stored without encryption are read as they are, and encrypted when they are written again.
 */
export class EncryptedObjectStore implements ObjectStore {
  readonly #objects: ObjectStore
  readonly #masterKeys: MasterKeys
  /** The least recently made first. */
  readonly #cache = new Map<string, Promise<webcrypto.CryptoKey | undefined>>()

  private constructor(objects: ObjectStore, masterKeys: MasterKeys) {
    this.#objects = objects
    this.#masterKeys = masterKeys
  }

  static async open({ objects, masterKeys }: EncryptedObjectStoreOptions): Promise<EncryptedObjectStore> {
    return new EncryptedObjectStore(objects, await MasterKeys.of(masterKeys))
  }

  async get(key: string): Promise<StoredObject | undefined> {
    const stored = await this.#objects.get(key)
    if (!stored || !isEncrypted(stored.body)) return stored
    return { tag: stored.tag, body: await this.#decrypt(key, stored.body) }
  }

  async put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<VersionTag | undefined> {
    assertObjectKey(key)
    if (key.startsWith(dataKeyFolder)) throw new TypeError(`${dataKeyFolder} is where the data keys are`)
    return this.#objects.put(key, await this.#encrypt(key, body), condition)
  }

  async delete(key: string): Promise<void> {
    this.#cache.delete(key)
    await this.#objects.delete(key)
  }

  /** The data keys are listed only where the prefix names them. */
  async *list(prefix: string): AsyncIterable<string> {
    const isOfKeys = prefix.startsWith(dataKeyFolder)
    for await (const key of this.#objects.list(prefix))
      if (isOfKeys || !key.startsWith(dataKeyFolder)) yield key
  }

  check(): Promise<void> {
    return this.#objects.check()
  }

  close(): void {
    this.#cache.clear()
    this.#objects.close()
  }

  async #encrypt(key: string, body: Uint8Array): Promise<Uint8Array> {
    const sharedKey = dataKeyOf(key)
    if (sharedKey !== undefined) {
      const dataKey = await this.#sharedKey(sharedKey, true)
      return Buffer.concat([header(bySharedKey), await seal(dataKey, key, body)])
    }
    const dataKey = randomBytes(keyLength)
    const wrapped = await this.#masterKeys.wrap(key, dataKey)
    return Buffer.concat([header(byOwnKey), wrapped, await seal(await importKey(dataKey), key, body)])
  }

  async #decrypt(key: string, body: Uint8Array): Promise<Uint8Array> {
    const rest = body.subarray(headerLength)
    try {
      if (body[magic.length] === bySharedKey)
        return await open(await this.#sharedKey(dataKeyOf(key) ?? '', false), key, rest)
      const { dataKey } = await this.#masterKeys.unwrap(key, rest.subarray(0, wrappedLength))
      return await open(await importKey(dataKey), key, rest.subarray(wrappedLength))
    } catch (error) {
      // Web Crypto says nothing but that it did not work out.
      if (!(error instanceof DOMException)) throw error
      throw new CodraftError('CODRAFT_DOCUMENT_CORRUPT', `${key}: it cannot be decrypted`, { cause: error })
    }
  }

  /** The data key that is stored under `name`; made when it is missing and `create` says so. */
  async #sharedKey(name: string, create: boolean): Promise<webcrypto.CryptoKey> {
    const reading = this.#cache.get(name) ?? this.#readKey(name)
    this.#cache.set(name, reading)
    const known = await reading.catch((error: unknown) => {
      this.#cache.delete(name)
      throw error
    })
    if (known) return known
    this.#cache.delete(name)
    if (!create) throw new CodraftError('CODRAFT_DOCUMENT_CORRUPT', `${name}: the data key is missing`)
    const dataKey = randomBytes(keyLength)
    await this.#objects.put(name, await this.#masterKeys.wrap(name, dataKey), 'absent')
    // What is stored counts: another writer may have been first.
    return this.#sharedKey(name, false)
  }

  async #readKey(name: string): Promise<webcrypto.CryptoKey | undefined> {
    const stored = await this.#objects.get(name)
    if (!stored) return undefined
    if (this.#cache.size > maxCachedKeys) this.#cache.delete(this.#cache.keys().next().value as string)
    const { dataKey, isCurrent } = await this.#masterKeys.unwrap(name, stored.body)
    if (!isCurrent)
      await this.#objects.put(name, await this.#masterKeys.wrap(name, dataKey), { tag: stored.tag })
    return importKey(dataKey)
  }
}

const header = (kind: number): Uint8Array => Buffer.concat([magic, Uint8Array.of(kind)])

const isEncrypted = (body: Uint8Array): boolean =>
  body.length > headerLength && magic.equals(body.subarray(0, magic.length))
