import { createHmac } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { CodraftError } from '../../extensions/errors.ts'

export interface InvitationLinksOptions {
  /** Signs the links, at least 32 bytes; the same on every instance. */
  readonly secret: string
  /** Address of the page, without a slash at its end. */
  readonly publicUrl: () => string
}

/** An invitation, and the document whose shard has it. */
export interface InvitationReference {
  readonly id: string
  readonly documentName: string
}

const audience = 'codraft:invitation'
const claims = z.object({ jti: z.string(), documentName: z.string() })

/** Links by which invitations are accepted: whoever got the mail has one, nobody else can make one. */
export class InvitationLinks {
  readonly #secret: Uint8Array
  readonly #publicUrl: () => string

  constructor({ secret, publicUrl }: InvitationLinksOptions) {
    // A key of its own: a link must never pass for an access token, nor the other way round.
    this.#secret = createHmac('sha256', secret).update(audience).digest()
    this.#publicUrl = publicUrl
  }

  /** The address that the invited person opens: the page with the document and the token of the invitation. */
  async linkTo(invitation: InvitationReference & { readonly expiresAt: number }): Promise<string> {
    const token = await this.#sign(invitation)
    const query = new URLSearchParams({ doc: invitation.documentName, invitation: token })
    return `${this.#publicUrl()}/?${query.toString()}`
  }

  /** @throws {CodraftError} CODRAFT_INVITATION_INVALID when this server has not signed it, or it has expired */
  async verify(token: string): Promise<InvitationReference> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, { audience, algorithms: ['HS256'] })
      const { jti: id, documentName } = claims.parse(payload)
      return { id, documentName }
    } catch {
      // The cause would carry the claims into the log.
      throw new CodraftError('CODRAFT_INVITATION_INVALID')
    }
  }

  #sign({
    id,
    documentName,
    expiresAt,
  }: InvitationReference & { readonly expiresAt: number }): Promise<string> {
    return new SignJWT({ documentName })
      .setProtectedHeader({ alg: 'HS256' })
      .setJti(id)
      .setAudience(audience)
      .setExpirationTime(Math.floor(expiresAt / 1000))
      .sign(this.#secret)
  }
}
