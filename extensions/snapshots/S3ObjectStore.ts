import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import { CodraftError } from '../errors.ts'
import type { ObjectStore, StoredObject, VersionTag, WriteCondition } from './ObjectStore.ts'
import { assertObjectKey, assertObjectKeyPrefix, isObjectKey } from './object-keys.ts'
import { appendTrailer, readTrailer, tagLength, trailerLength } from './object-trailer.ts'

export interface S3ObjectStoreOptions {
  /** Must exist. */
  readonly bucket: string
  /** URL of the server; without it AWS, by region. */
  readonly endpoint?: string
  /** @default 'us-east-1' */
  readonly region?: string
  /**
   * Whether the bucket is in the path of URLs rather than in the host name.
   * @default true when there is an `endpoint`
   */
  readonly forcePathStyle?: boolean
  /** Default: found as all AWS programs do, from AWS_ACCESS_KEY_ID and so on, a profile, or the role of the machine. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** How the server encrypts what it stores; without it, as the bucket is set. */
  readonly serverSideEncryption?: {
    readonly algorithm: 'AES256' | 'aws:kms' | 'aws:kms:dsse'
    /** Default: the key that AWS manages. */
    readonly kmsKeyId?: string
  }
  /**
   * Longest wait for an answer, ms. A request is repeated up to twice.
   * @default 10_000
   */
  readonly requestTimeoutMs?: number
}

const connectionTimeoutMs = 2_000
const maxAttempts = 3
/** Answers of 409 to one write before it counts as lost. */
const maxConflicts = 5
const conflictBackoffMs = 20

type Sdk = typeof import('@aws-sdk/client-s3')

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
  readonly #sdk: Sdk
  readonly #client: S3Client
  #suitable: Promise<void> | undefined

  private constructor(options: S3ObjectStoreOptions, sdk: Sdk, client: S3Client) {
    this.#options = options
    this.#sdk = sdk
    this.#client = client
  }

  /** Loads the client. The server is first asked by {@link check}, or by the first write. */
  static async open(options: S3ObjectStoreOptions): Promise<S3ObjectStore> {
    // Not at the top of the file: the client costs memory and start time, and most servers keep a folder.
    const sdk = await import('@aws-sdk/client-s3')
    const { endpoint, credentials, requestTimeoutMs = 10_000 } = options
    const client = new sdk.S3Client({
      region: options.region ?? 'us-east-1',
      ...(endpoint !== undefined && { endpoint }),
      ...(credentials && { credentials }),
      forcePathStyle: options.forcePathStyle ?? endpoint !== undefined,
      maxAttempts,
      // The trailer has a checksum, and compatible servers do not know all of those that AWS has added.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: connectionTimeoutMs,
        requestTimeout: requestTimeoutMs,
        throwOnRequestTimeout: true,
        socketTimeout: requestTimeoutMs,
      },
    })
    return new S3ObjectStore(options, sdk, client)
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
      ...this.#encryption,
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

  get #encryption(): Pick<PutObjectCommandInput, 'ServerSideEncryption' | 'SSEKMSKeyId'> {
    const { algorithm, kmsKeyId } = this.#options.serverSideEncryption ?? {}
    return {
      ...(algorithm && { ServerSideEncryption: algorithm }),
      ...(kmsKeyId !== undefined && { SSEKMSKeyId: kmsKeyId }),
    }
  }
}

const probeKey = (): string => `probe/${randomBytes(tagLength).toString('hex')}`

const answerOf = (error: unknown): { name: string; status: number; attempts: number } => {
  const { name = '', $metadata } = error as {
    name?: string
    $metadata?: { httpStatusCode?: number; attempts?: number }
  }
  return { name, status: $metadata?.httpStatusCode ?? 0, attempts: $metadata?.attempts ?? 1 }
}

const unsuitable = (reason: string, cause?: unknown): CodraftError =>
  new CodraftError('CODRAFT_OBJECT_STORE_UNSUITABLE', reason, { cause })

/** Refusals that are of the moment although their status is below 500. */
const passing = new Set(['RequestTimeout', 'TooManyRequestsException', 'SlowDown', 'ThrottlingException'])

/** What the SDK has thrown, as a coded error. */
const explained = (error: unknown): CodraftError => {
  if (error instanceof CodraftError) return error
  const { name, status } = answerOf(error)
  const detail = `${name}: ${error instanceof Error ? error.message : String(error)}`
  const isRefusal =
    (status >= 400 && status < 500 && !passing.has(name)) ||
    status === 501 ||
    name === 'CredentialsProviderError'
  return isRefusal
    ? unsuitable(detail, error)
    : new CodraftError('CODRAFT_OBJECT_STORE_UNAVAILABLE', detail, { cause: error })
}
