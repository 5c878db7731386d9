import {
  OutgoingMessage,
  type Connection,
  type Extension,
  type Hocuspocus,
  type connectedPayload,
  type onAuthenticatePayload,
  type onConfigurePayload,
  type onTokenSyncPayload,
} from '@hocuspocus/server'
import { CodraftError } from '../errors.ts'
import { RoleChanges, type Moment } from './RoleChanges.ts'
import { canWrite, roleFor, type Role } from './roles.ts'
import type { Identity, TokenVerifier } from './token.ts'
import { TokenExpiry } from './TokenExpiry.ts'

/** What {@link Auth} adds to the context of a connection. Renewed together with the token. */
export interface AuthContext {
  readonly user: { readonly id: string; readonly name?: string; readonly email?: string }
  readonly role: Role
  /** When the token of the connection expires, epoch ms; undefined when it never does. */
  readonly expiresAt: number | undefined
}

export interface RoleRequest {
  readonly documentName: string
  readonly identity: Identity
  /** True when a connection opens the document, false when the role of an open one is looked at again. */
  readonly isOpening: boolean
}

export interface AuthOptions {
  /** Verifies access tokens; see `createTokenVerifier`. */
  readonly verify: TokenVerifier
  /**
   * Looks up the role of a user, for servers that keep permissions themselves; undefined refuses the user. An error with a
   * code and a reason is sent to the client. After a change call `rolesChanged`.
   *
   * @default what the `documents` claim of the token grants
   */
  readonly roleOf?: (request: RoleRequest) => Role | undefined | Promise<Role | undefined>
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

/** What the role of a connection was found by. */
interface Credentials {
  readonly identity: Identity
  readonly role: Role
  readonly readAt: Moment
}

/**
 * Authenticates connections with access tokens, gives each its role on the document, and keeps both right for as
 * long as the connection lasts: a token is renewed before it expires, another role (of a renewed token, or granted meanwhile)
 * takes effect at once, and a connection without a valid token or role is closed.
 */
export class Auth implements Extension<AuthContext> {
  readonly extensionName = 'Auth'
  readonly priority = 1000
  readonly #options: AuthOptions
  readonly #expiry: TokenExpiry<Connection<AuthContext>>
  readonly #watched = new WeakSet<Connection<AuthContext>>()
  /** The renewal that each connection began last: verification may finish in another order. */
  readonly #renewals = new WeakMap<Connection<AuthContext>, symbol>()
  /** By the configuration that Hocuspocus makes for each connection: it lives from the first hook to the last. */
  readonly #credentials = new WeakMap<object, Credentials>()
  readonly #configurations = new WeakMap<Connection<AuthContext>, object>()
  /** On which documents roles have changed: for whoever reads a role and acts on it a moment later. */
  readonly roleChanges = new RoleChanges()
  #hocuspocus: Hocuspocus | undefined

  constructor(options: AuthOptions) {
    this.#options = options
    this.#expiry = new TokenExpiry({
      renewBeforeMs: options.renewBeforeMs ?? 60_000,
      onRenew: (connection) => connection.requestToken(),
      onExpired: (connection) => this.#expire(connection),
    })
  }

  async onConfigure({ instance }: onConfigurePayload): Promise<void> {
    this.#hocuspocus = instance
  }

  /** @throws {CodraftError} what the verifier or `roleOf` throws, or CODRAFT_DOCUMENT_FORBIDDEN */
  async onAuthenticate(payload: onAuthenticatePayload): Promise<AuthContext> {
    const { token, documentName, connectionConfig } = payload
    const identity = await this.#options.verify(token)
    const credentials = await this.#readRole(documentName, identity, true)
    this.#credentials.set(connectionConfig, credentials)
    connectionConfig.readOnly = !canWrite(credentials.role)
    return contextOf(credentials)
  }

  async connected({
    connection,
    connectionConfig,
    documentName,
  }: connectedPayload<AuthContext>): Promise<void> {
    this.#configurations.set(connection, connectionConfig)
    this.#watch(connection)
    // Between the reading of the role and now, `rolesChanged` did not know of this connection.
    const { readAt = 0 } = this.#credentials.get(connectionConfig) ?? {}
    if (this.roleChanges.since(documentName, readAt)) await this.#check(connection)
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
    const credentials = await this.#readRole(documentName, identity, false)
    if (this.#renewals.get(connection) !== renewal) return undefined
    this.#credentials.set(connectionConfig, credentials)
    connectionConfig.readOnly = !canWrite(credentials.role)
    apply(connection, credentials)
    this.#watch(connection)
    return contextOf(credentials)
  }

  /**
   * Call it after the roles on a document have changed. When it resolves, every open connection (of `userId`, or of
   * everybody) has its new role: demoted ones are read-only, promoted ones may write, those without a role are closed
   * with CODRAFT_DOCUMENT_FORBIDDEN. No edit that arrives later is accepted under the old role.
   */
  async rolesChanged(documentName: string, userId?: string): Promise<void> {
    this.roleChanges.note(documentName)
    const connections = this.#hocuspocus?.documents.get(documentName)?.getConnections() ?? []
    const affected = (connections as Connection<AuthContext>[]).filter(
      ({ context }) => userId === undefined || identityOf(context)?.userId === userId,
    )
    await Promise.all(affected.map((connection) => this.#check(connection)))
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

  /** @throws {CodraftError} what `roleOf` throws, or CODRAFT_DOCUMENT_FORBIDDEN */
  async #readRole(documentName: string, identity: Identity, isOpening: boolean): Promise<Credentials> {
    const { roleOf, defaultRole } = this.#options
    for (;;) {
      const readAt = this.roleChanges.now
      const role = roleOf
        ? await roleOf({ documentName, identity, isOpening })
        : identity.documents
          ? roleFor(identity.documents, documentName)
          : defaultRole
      // What was read while roles changed may be the old one.
      if (this.roleChanges.since(documentName, readAt)) continue
      if (!role) throw new CodraftError('CODRAFT_DOCUMENT_FORBIDDEN')
      return { identity, role, readAt }
    }
  }

  /** Reads the role of an open connection again. One whose role cannot be read is closed: its client tries again. */
  async #check(connection: Connection<AuthContext>): Promise<void> {
    const configuration = this.#configurations.get(connection)
    const credentials = configuration && this.#credentials.get(configuration)
    if (!credentials) return
    try {
      const { name } = connection.document
      const current = await this.#readRole(name, credentials.identity, false)
      // A renewal of the token that came in between has read the role by itself.
      if (this.#credentials.get(configuration) !== credentials) return
      this.#credentials.set(configuration, current)
      apply(connection, current)
    } catch (error) {
      const refusal = error instanceof CodraftError ? error : new CodraftError('CODRAFT_AUTH_UNAVAILABLE')
      connection.readOnly = true
      connection.close({ code: refusal.code, reason: refusal.reason })
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

const contextOf = ({ identity, role }: Credentials): AuthContext => {
  const { userId: id, name, email, expiresAt } = identity
  return {
    user: { id, ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) },
    role,
    expiresAt,
  }
}

/** Gives an open connection its role and tells the client. */
const apply = (connection: Connection<AuthContext>, credentials: Credentials): void => {
  const readOnly = !canWrite(credentials.role)
  const changed = readOnly !== connection.readOnly
  connection.readOnly = readOnly
  // Hocuspocus merges what a hook returns into the context of later hooks, but not into that of the connection.
  connection.context = { ...connection.context, ...contextOf(credentials) }
  if (!changed) return
  const { messageAddress, document } = connection
  connection.send(new OutgoingMessage(messageAddress).writeAuthenticated(readOnly).toUint8Array())
  if (readOnly) return
  // What the client has written while it was read-only was refused, and it will not send that again by itself.
  const question = new OutgoingMessage(messageAddress).createSyncMessage().writeFirstSyncStepFor(document)
  connection.send(question.toUint8Array())
}

/** The user of a connection, from its context; undefined when {@link Auth} did not authenticate it. */
export const identityOf = (context: unknown): { userId: string; name?: string } | undefined => {
  const user = (context as Partial<AuthContext> | null | undefined)?.user
  if (typeof user?.id !== 'string') return undefined
  return { userId: user.id, ...(user.name === undefined ? {} : { name: user.name }) }
}
