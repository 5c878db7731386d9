import {
  OutgoingMessage,
  type Connection,
  type Extension,
  type connectedPayload,
  type onAuthenticatePayload,
  type onTokenSyncPayload,
} from '@hocuspocus/server'
import { CodraftError } from '../errors.ts'
import { canWrite, requireRole, type Role } from './roles.ts'
import type { Identity, TokenVerifier } from './token.ts'
import { TokenExpiry } from './TokenExpiry.ts'

/** What {@link Auth} adds to the context of a connection. Renewed together with the token. */
export interface AuthContext {
  readonly user: { readonly id: string; readonly name?: string; readonly email?: string }
  readonly role: Role
  /** When the token of the connection expires, epoch ms; undefined when it never does. */
  readonly expiresAt: number | undefined
}

export interface AuthOptions {
  /** Verifies access tokens; see `createTokenVerifier`. */
  readonly verify: TokenVerifier
  /** The role of a user whose token has no `documents` claim. @default none: such a user is refused */
  readonly defaultRole?: Role
  /**
   * How long before its expiry a client is asked for a new token, ms; half of the remaining lifetime when that
   * is shorter.
   *
   * @default 60_000
   */
  readonly renewBeforeMs?: number
  /** When a connection was closed because its token expired. Must not throw. */
  readonly onExpired?: (connection: Connection<AuthContext>) => void
}

/**
 * Authenticates connections with access tokens, gives each its role on the document, and keeps both right for as
 * long as the connection lasts: a token is renewed before it expires, a renewed token with another role takes
 * effect at once, and a connection without a valid token is closed.
 */
export class Auth implements Extension<AuthContext> {
  readonly extensionName = 'Auth'
  readonly priority = 1000
  readonly #options: AuthOptions
  readonly #expiry: TokenExpiry<Connection<AuthContext>>
  readonly #watched = new WeakSet<Connection<AuthContext>>()
  /** The renewal that each connection began last: verification may finish in another order. */
  readonly #renewals = new WeakMap<Connection<AuthContext>, symbol>()

  constructor(options: AuthOptions) {
    this.#options = options
    this.#expiry = new TokenExpiry({
      renewBeforeMs: options.renewBeforeMs ?? 60_000,
      onRenew: (connection) => connection.requestToken(),
      onExpired: (connection) => this.#expire(connection),
    })
  }

  /** @throws {CodraftError} what the verifier throws, or CODRAFT_DOCUMENT_FORBIDDEN */
  async onAuthenticate(payload: onAuthenticatePayload): Promise<AuthContext> {
    const context = this.#contextOf(await this.#options.verify(payload.token), payload.documentName)
    payload.connectionConfig.readOnly = !canWrite(context.role)
    return context
  }

  async connected({ connection }: connectedPayload<AuthContext>): Promise<void> {
    this.#watch(connection)
  }

  /** @throws {CodraftError} as `onAuthenticate`, which closes the connection */
  async onTokenSync(payload: onTokenSyncPayload<AuthContext>): Promise<AuthContext | undefined> {
    const { connection, connectionConfig, documentName, token } = payload
    const renewal = Symbol('renewal')
    this.#renewals.set(connection, renewal)
    const identity = await this.#renewed(token)
    if (!identity || this.#renewals.get(connection) !== renewal) return undefined

    if (identity.userId !== connection.context.user.id) {
      throw new CodraftError('CODRAFT_TOKEN_INVALID', 'the renewed token is of another user')
    }
    const context = this.#contextOf(identity, documentName)
    const readOnly = !canWrite(context.role)
    const changed = readOnly !== connection.readOnly
    connection.readOnly = readOnly
    connectionConfig.readOnly = readOnly
    // Hocuspocus merges what a hook returns into the context of later hooks, but not into that of the connection.
    connection.context = { ...connection.context, ...context }
    this.#watch(connection)
    if (changed) {
      const scope = new OutgoingMessage(connection.messageAddress).writeAuthenticated(readOnly)
      connection.send(scope.toUint8Array())
    }
    return context
  }

  async onDestroy(): Promise<void> {
    this.#expiry.clear()
  }

  /** While the key set cannot be fetched, the token at hand stays good until it expires, and the request is repeated. */
  async #renewed(token: string): Promise<Identity | undefined> {
    try {
      return await this.#options.verify(token)
    } catch (error) {
      if (error instanceof CodraftError && error.errorCode === 'CODRAFT_AUTH_UNAVAILABLE') return undefined
      throw error
    }
  }

  #contextOf(identity: Identity, documentName: string): AuthContext {
    const { userId, name, email, expiresAt } = identity
    return {
      user: {
        id: userId,
        ...(name === undefined ? {} : { name }),
        ...(email === undefined ? {} : { email }),
      },
      role: requireRole(identity, documentName, this.#options.defaultRole),
      expiresAt,
    }
  }

  #watch(connection: Connection<AuthContext>): void {
    // The socket may be gone by now, and then nothing would ever take this connection off the schedule.
    if (!connection.document.hasConnection(connection)) return
    if (!this.#watched.has(connection)) {
      this.#watched.add(connection)
      connection.onClose(() => this.#expiry.delete(connection))
    }
    this.#expiry.set(connection, connection.context.expiresAt)
  }

  #expire(connection: Connection<AuthContext>): void {
    const { code, reason } = new CodraftError('CODRAFT_TOKEN_EXPIRED')
    connection.close({ code, reason })
    this.#options.onExpired?.(connection)
  }
}

/** The user of a connection, from its context; undefined when {@link Auth} did not authenticate it. */
export const identityOf = (context: unknown): { userId: string; name?: string } | undefined => {
  const user = (context as Partial<AuthContext> | null | undefined)?.user
  if (typeof user?.id !== 'string') return undefined
  return { userId: user.id, ...(user.name === undefined ? {} : { name: user.name }) }
}
