import { createHash, randomBytes, type webcrypto } from 'node:crypto'
import { CodraftError } from '../errors.ts'

/** Bytes of a key of AES-256. */
export const keyLength = 32
const ivLength = 12
const tagBits = 128
const masterIdLength = 8
/** Bytes of a wrapped key: which master key, IV, key, tag. */
export const wrappedLength = masterIdLength + ivLength + keyLength + tagBits / 8

const algorithm = 'AES-GCM'
type Bytes = Uint8Array<ArrayBuffer>

export const importKey = (key: Uint8Array): Promise<webcrypto.CryptoKey> =>
  crypto.subtle.importKey('raw', key as Bytes, algorithm, false, ['encrypt', 'decrypt'])

/** IV, ciphertext and tag; `name` is authenticated with them, so that they are no use under another name. */
export const seal = async (
  key: webcrypto.CryptoKey,
  name: string,
  content: Uint8Array,
): Promise<Uint8Array> => {
  const iv = randomBytes(ivLength)
  const sealed = await crypto.subtle.encrypt(parameters(iv, name), key, content)
  return Buffer.concat([iv, new Uint8Array(sealed)])
}

/** What {@link seal} was given. Rejects when key or name differ, or a bit was changed. */
export const open = async (
  key: webcrypto.CryptoKey,
  name: string,
  sealed: Uint8Array,
): Promise<Uint8Array> => {
  const iv = sealed.subarray(0, ivLength)
  const content = sealed.subarray(ivLength) as Bytes
  return new Uint8Array(await crypto.subtle.decrypt(parameters(iv, name), key, content))
}

const parameters = (iv: Uint8Array, name: string): webcrypto.AesGcmParams => ({
  name: algorithm,
  iv,
  additionalData: Buffer.from(name),
  tagLength: tagBits,
})

/** The keys that wrap data keys: the first wraps, all of them unwrap. */
export class MasterKeys {
  readonly #current: MasterKey
  readonly #byId: ReadonlyMap<string, MasterKey>

  private constructor(keys: readonly MasterKey[]) {
    this.#current = keys[0] as MasterKey
    this.#byId = new Map(keys.map((key) => [key.id, key]))
  }

  /** `keys`: one or more of 32 bytes. */
  static async of(keys: readonly Uint8Array[]): Promise<MasterKeys> {
    if (keys.length === 0 || keys.some((key) => key.length !== keyLength))
      throw new TypeError(`master keys are ${keyLength} bytes each, at least one`)
    return new MasterKeys(
      await Promise.all(keys.map(async (key) => ({ id: idOf(key), key: await importKey(key) }))),
    )
  }

  async wrap(name: string, dataKey: Uint8Array): Promise<Uint8Array> {
    const { id, key } = this.#current
    return Buffer.concat([Buffer.from(id, 'hex'), await seal(key, name, dataKey)])
  }

  /**
   * The wrapped data key; `isCurrent` says whether the first master key has wrapped it. Rejects with
   * CODRAFT_ENCRYPTION_KEY_MISSING when none of the master keys has.
   */
  async unwrap(name: string, wrapped: Uint8Array): Promise<{ dataKey: Uint8Array; isCurrent: boolean }> {
    if (wrapped.length !== wrappedLength)
      throw new CodraftError('CODRAFT_DOCUMENT_CORRUPT', `${name}: it is too short`)
    const id = Buffer.from(wrapped.subarray(0, masterIdLength)).toString('hex')
    const master = this.#byId.get(id)
    if (!master) throw new CodraftError('CODRAFT_ENCRYPTION_KEY_MISSING', `${name}: the key with id ${id}`)
    return {
      dataKey: await open(master.key, name, wrapped.subarray(masterIdLength)),
      isCurrent: master === this.#current,
    }
  }
}

interface MasterKey {
  /** Names the key without telling anything of it. */
  readonly id: string
  readonly key: webcrypto.CryptoKey
}

const idOf = (key: Uint8Array): string =>
  createHash('sha256')
    .update('codraft master key')
    .update(key)
    .digest('hex')
    .slice(0, 2 * masterIdLength)
