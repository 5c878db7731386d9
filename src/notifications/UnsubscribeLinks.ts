import { createHmac } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'
import { notificationTypes } from './wording.ts'

export interface UnsubscribeLinksOptions {
  /** Signs the links, at least 32 bytes; the same on every instance. */
  readonly secret: string
  /** Address of the page, without a slash at its end. */
  readonly publicUrl: () => string
}

const claims = z.object({
  sub: z.string(),
  /** A type of notification, or `*` for all mails. */
  type: z.enum([...notificationTypes, '*']),
})

/** Whose mails of which type a link ends. */
export interface Unsubscription {
  /** A user, or the owner of an address. */
  readonly owner: string
  readonly type: z.infer<typeof claims>['type']
}

const audience = 'codraft:unsubscribe'

/** Links by which mails are ended, without signing in: whoever got the mail has one, nobody else can make one. */
export class UnsubscribeLinks {
  readonly #secret: Uint8Array
  readonly #publicUrl: () => string

  constructor({ secret, publicUrl }: UnsubscribeLinksOptions) {
    this.#secret = createHmac('sha256', secret).update(audience).digest()
    this.#publicUrl = publicUrl
  }

  async linkTo({ owner, type }: Unsubscription): Promise<string> {
    const token = await new SignJWT({ type })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(owner)
      .setAudience(audience)
      .sign(this.#secret)
    return `${this.#publicUrl()}/api/notifications/unsubscribe?token=${token}`
  }

  /** @throws {CodraftError} CODRAFT_REQUEST_INVALID when this server has not signed it */
  async verify(token: string): Promise<Unsubscription> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, { audience, algorithms: ['HS256'] })
      const { sub: owner, type } = claims.parse(payload)
      return { owner, type }
    } catch {
      throw new CodraftError('CODRAFT_REQUEST_INVALID', 'token: take the link from the mail')
    }
  }
}
