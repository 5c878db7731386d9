import { createHmac } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { CodraftError } from '../../../extensions/errors.ts'
import type { ObjectStore } from '../../../extensions/snapshots/index.ts'
import { linkLifetimeMs, type DownloadFile, type DownloadLink, type Downloads } from './Downloads.ts'

export interface ServerDownloadsOptions {
  readonly objects: ObjectStore
  /** Signs the links, at least 32 bytes; the same on every instance. */
  readonly secret: string
  /** Address of the server, without a slash at its end. */
  readonly publicUrl: () => string
  /** @default Date.now */
  readonly now?: () => number
}

const audience = 'codraft:download'
const claims = z.object({ key: z.string(), fileName: z.string(), mediaType: z.string() })

/** Files in the object store of documents, which the server itself gives to whoever has a link that it has signed. */
export class ServerDownloads implements Downloads {
  readonly #objects: ObjectStore
  readonly #secret: Uint8Array
  readonly #publicUrl: () => string
  readonly #now: () => number

  constructor({ objects, secret, publicUrl, now = Date.now }: ServerDownloadsOptions) {
    this.#objects = objects
    // A key of its own: a link must never pass for an access token, nor the other way round.
    this.#secret = createHmac('sha256', secret).update(audience).digest()
    this.#publicUrl = publicUrl
    this.#now = now
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    await this.#objects.put(key, body)
  }

  async link({ key, fileName, mediaType }: DownloadFile): Promise<DownloadLink> {
    const expiresAt = Math.floor((this.#now() + linkLifetimeMs) / 1000)
    const token = await new SignJWT({ key, fileName, mediaType })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience(audience)
      .setExpirationTime(expiresAt)
      .sign(this.#secret)
    return { url: `${this.#publicUrl()}/api/downloads/${token}`, expiresAt: expiresAt * 1000 }
  }

  /** @throws {CodraftError} CODRAFT_LINK_INVALID */
  async open(token: string): Promise<DownloadFile & { readonly body: Uint8Array }> {
    const file = await this.#verify(token)
    const object = await this.#objects.get(file.key)
    if (!object) throw new CodraftError('CODRAFT_LINK_INVALID')
    return { ...file, body: object.body }
  }

  delete(key: string): Promise<void> {
    return this.#objects.delete(key)
  }

  list(prefix: string): AsyncIterable<string> {
    return this.#objects.list(prefix)
  }

  close(): void {
    // The object store is not its own.
  }

  async #verify(token: string): Promise<DownloadFile> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        audience,
        algorithms: ['HS256'],
        requiredClaims: ['exp'],
        currentDate: new Date(this.#now()),
      })
      return claims.parse(payload)
    } catch {
      // The cause would carry the claims into the log.
      throw new CodraftError('CODRAFT_LINK_INVALID')
    }
  }
}
