import { create as contentDisposition } from 'content-disposition'
import {
  encryptionOf,
  explained,
  openS3Client,
  type S3Connection,
  type S3Options,
} from '../../../extensions/snapshots/index.ts'
import { linkLifetimeMs, type DownloadFile, type DownloadLink, type Downloads } from './Downloads.ts'

export interface S3DownloadsOptions extends S3Options {
  /** URL of the server as browsers reach it. @default `endpoint` */
  readonly publicEndpoint?: string
  /** @default Date.now */
  readonly now?: () => number
}

/**
 * Files in a bucket, fetched from there by presigned links: the server has no part in a download. They are stored as
 * they are, without the trailer of an {@link ObjectStore}.
 */
export class S3Downloads implements Downloads {
  readonly #options: S3DownloadsOptions
  readonly #connection: S3Connection
  /** Signs for the address that browsers use, which is part of a signature. */
  readonly #signer: S3Connection

  private constructor(options: S3DownloadsOptions, connection: S3Connection, signer: S3Connection) {
    this.#options = options
    this.#connection = connection
    this.#signer = signer
  }

  static async open(options: S3DownloadsOptions): Promise<S3Downloads> {
    const { publicEndpoint } = options
    const connection = await openS3Client(options)
    const signer =
      publicEndpoint === undefined ? connection : await openS3Client({ ...options, endpoint: publicEndpoint })
    return new S3Downloads(options, connection, signer)
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    const { sdk, client } = this.#connection
    const place = { Bucket: this.#options.bucket, Key: key }
    const command = new sdk.PutObjectCommand({ ...place, Body: body, ...encryptionOf(this.#options) })
    await client.send(command).catch(rethrow)
  }

  async link({ key, fileName, mediaType }: DownloadFile): Promise<DownloadLink> {
    const { sdk, client } = this.#signer
    const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
    const madeAt = (this.#options.now ?? Date.now)()
    const command = new sdk.GetObjectCommand({
      Bucket: this.#options.bucket,
      Key: key,
      ResponseContentDisposition: contentDisposition(fileName),
      ResponseContentType: mediaType,
      ResponseCacheControl: 'private, no-store',
    })
    const url = await getSignedUrl(client, command, {
      expiresIn: linkLifetimeMs / 1000,
      signingDate: new Date(madeAt),
    })
    return { url, expiresAt: Math.floor(madeAt / 1000) * 1000 + linkLifetimeMs }
  }

  async delete(key: string): Promise<void> {
    const { sdk, client } = this.#connection
    const command = new sdk.DeleteObjectCommand({ Bucket: this.#options.bucket, Key: key })
    await client.send(command).catch(rethrow)
  }

  async *list(prefix: string): AsyncIterable<string> {
    const { sdk, client } = this.#connection
    const pages = sdk.paginateListObjectsV2({ client }, { Bucket: this.#options.bucket, Prefix: prefix })
    try {
      for await (const { Contents = [] } of pages)
        for (const { Key } of Contents) if (Key !== undefined) yield Key
    } catch (error) {
      rethrow(error)
    }
  }

  close(): void {
    this.#connection.client.destroy()
    this.#signer.client.destroy()
  }
}

const rethrow = (error: unknown): never => {
  throw explained(error)
}
