import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { PutObjectCommandInput } from '@aws-sdk/client-s3'
import { CodraftError } from '../errors.ts'
import type { ObjectStore, StoredObject, VersionTag, WriteCondition } from './ObjectStore.ts'
import { assertObjectKey, assertObjectKeyPrefix, isObjectKey } from './object-keys.ts'
import { appendTrailer, readTrailer, tagLength, trailerLength } from './object-trailer.ts'
import {
  answerOf,
  encryptionOf,
  explained,
  openS3Client,
  unsuitable,
  type S3Connection,
  type S3Options,
} from './s3-client.ts'

export type S3ObjectStoreOptions = S3Options

/** Answers of 409 to one write before it counts as lost. */
const maxConflicts = 5
const conflictBackoffMs = 20

/**
 * Objects in a bucket of S3 or of any server that speaks its protocol and honours If-Match and If-None-Match in
 * PutObject (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
 *
 * Key and bytes of an object are those of the file that FolderObjectStore would write, so that objects move between
 * the two by copying. The trailer makes every write's bytes, and so its ETag, unlike any other's: a plain S3 gives
 * the same content the same ETag again, and If-Match would take an old version for the current one.
 */
export class S3ObjectStore implements ObjectStore {
  readonly #options: S3ObjectStoreOptions
  readonly #sdk: S3Connection['sdk']
  readonly #client: S3Connection['client']
  #suitable: Promise<void> | undefined

  private constructor(options: S3ObjectStoreOptions, { sdk, client }: S3Connection) {
    this.#options = options
    this.#sdk = sdk
    this.#client = client
  }

  /** Loads the client. The server is first asked by {@link check}, or by the first write. */
  static async open(options: S3ObjectStoreOptions): Promise<S3ObjectStore> {
    return new S3ObjectStore(options, await openS3Client(options))
  }

  async get(key: string): Promise<StoredObject | undefined> {
    assertObjectKey(key)
    const found = await this.#read(key)
    if (!found) return undefined
    const { file, tag } = found
    if (!readTrailer(file)?.intact)
      throw new CodraftError('CODRAFT_DOCUMENT_CORRUPT', `${key}: the object is damaged`)
    return { body: new Uint8Array(file.buffer, file.byteOffset, file.length - trailerLength), tag }
  }

  async put(key: string, body: Uint8Array, condition?: WriteCondition): Promise<VersionTag | undefined> {
    assertObjectKey(key)
    await this.#assertSuitable()
    return this.#write(key, body, condition)
  }

  async delete(key: string): Promise<void> {
    assertObjectKey(key)
    const command = new this.#sdk.DeleteObjectCommand({ Bucket: this.#options.bucket, Key: key })
    await this.#client.send(command).catch((error: unknown) => {
      throw explained(error)
    })
  }

  async *list(prefix: string): AsyncIterable<string> {
    assertObjectKeyPrefix(prefix)
    let page: string | undefined
    do {
      const command = new this.#sdk.ListObjectsV2Command({
        Bucket: this.#options.bucket,
        Prefix: prefix,
        ...(page !== undefined && { ContinuationToken: page }),
      })
      const { Contents = [], NextContinuationToken } = await this.#client
        .send(command)
        .catch((error: unknown) => {
          throw explained(error)
        })
      // Others may keep objects of their own in the bucket, and some servers list folders.
      for (const { Key } of Contents) if (Key !== undefined && isObjectKey(Key)) yield Key
      page = NextContinuationToken
    } while (page !== undefined)
  }

  /**
   * Rejects with
   * - CODRAFT_OBJECT_STORE_UNAVAILABLE when the server cannot be reached or fails: this may pass;
   * - CODRAFT_OBJECT_STORE_UNSUITABLE when it refuses the requests, or does not honour conditions of writes.
   */
  async check(): Promise<void> {
    const hadBeenSuitable = this.#suitable !== undefined
    await this.#assertSuitable()
    if (!hadBeenSuitable) return
    const key = probeKey()
    await this.#write(key, new Uint8Array(1))
    await this.delete(key)
  }

  /** Closes the connections; the store cannot be used any more. */
  close(): void {
    this.#client.destroy()
  }

  async #assertSuitable(): Promise<void> {
    this.#suitable ??= this.#probe()
    try {
      await this.#suitable
    } catch (error) {
      this.#suitable = undefined
      throw error
    }
  }

  async #probe(): Promise<void> {
    const key = probeKey()
    const body = new Uint8Array(1)
    try {
      const created = await this.#write(key, body, 'absent')
      const replaced = created !== undefined && (await this.#write(key, body, { tag: created }))
      if (!replaced) throw unsuitable('it did not replace the version that If-Match names')
      if (await this.#write(key, body, 'absent')) throw unsuitable('it ignores If-None-Match')
      if (await this.#write(key, body, { tag: created })) throw unsuitable('it ignores If-Match')
    } finally {
      await this.delete(key).catch(() => undefined)
    }
  }

  async #write(key: string, body: Uint8Array, condition?: WriteCondition): Promise<VersionTag | undefined> {
    const tag = randomBytes(tagLength).toString('hex')
    const input: PutObjectCommandInput = {
      Bucket: this.#options.bucket,
      Key: key,
      Body: appendTrailer(body, tag),
      ...encryptionOf(this.#options),
      ...(condition === 'absent' && { IfNoneMatch: '*' }),
      ...(typeof condition === 'object' && { IfMatch: condition.tag }),
    }
    for (let conflicts = 0; ; conflicts++) {
      try {
        const { ETag } = await this.#client.send(new this.#sdk.PutObjectCommand(input))
        if (!ETag) throw unsuitable('it gives no ETag')
        return ETag
      } catch (error) {
        const { status, name, attempts } = answerOf(error)
        const isConflict = status === 409 && conflicts < maxConflicts
        const isLost = status === 409 || status === 412 || name === 'NoSuchKey'
        if (!condition || !isLost) throw explained(error)
        if (!isConflict) return attempts + conflicts > 1 ? await this.#tagOfOwn(key, tag) : undefined
      }
      await delay(Math.random() * conflictBackoffMs * 2 ** conflicts)
    }
  }

  /** A write whose answer was lost has been repeated, and then met itself. */
  async #tagOfOwn(key: string, tag: string): Promise<VersionTag | undefined> {
    const found = await this.#read(key)
    return found && readTrailer(found.file)?.tag === tag ? found.tag : undefined
  }

  async #read(key: string): Promise<{ file: Buffer; tag: VersionTag } | undefined> {
    try {
      const command = new this.#sdk.GetObjectCommand({ Bucket: this.#options.bucket, Key: key })
      const { Body, ETag = '' } = await this.#client.send(command)
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array(0)
      return { file: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), tag: ETag }
    } catch (error) {
      // A missing bucket is 404 too, and must not look like an empty one.
      if (answerOf(error).name === 'NoSuchKey') return undefined
      throw explained(error)
    }
  }
}

const probeKey = (): string => `probe/${randomBytes(tagLength).toString('hex')}`
