import { Deadlines } from './Deadlines.ts'

export interface TokenExpiryOptions<Connection> {
  /** How long before the expiry a new token is asked for, ms; half of the remaining lifetime when that is shorter. */
  readonly renewBeforeMs: number
  readonly onRenew: (connection: Connection) => void
  readonly onExpired: (connection: Connection) => void
}

/** An unanswered request for a token is repeated no sooner than this. */
const minRepeatMs = 1_000

/**
 * When the token of each connection is to be renewed and when it expires. A request that brings no later token (the
 * application or its key set may be down for a moment) is repeated at half of what remains, again and again.
 */
export class TokenExpiry<Connection> {
  readonly #options: TokenExpiryOptions<Connection>
  readonly #expiresAt = new Map<Connection, number>()
  readonly #deadlines = new Deadlines<Connection>((connection) => this.#onDue(connection))

  constructor(options: TokenExpiryOptions<Connection>) {
    this.#options = options
  }

  /** How many connections are watched. */
  get size(): number {
    return this.#deadlines.size
  }

  /** @param expiresAt epoch ms; undefined for a token that never expires */
  set(connection: Connection, expiresAt: number | undefined): void {
    if (expiresAt === undefined) return this.delete(connection)
    if (expiresAt === this.#expiresAt.get(connection)) return
    const remainingMs = expiresAt - Date.now()
    this.#expiresAt.set(connection, expiresAt)
    this.#deadlines.set(connection, expiresAt - Math.min(this.#options.renewBeforeMs, remainingMs / 2))
  }

  delete(connection: Connection): void {
    this.#expiresAt.delete(connection)
    this.#deadlines.delete(connection)
  }

  clear(): void {
    this.#expiresAt.clear()
    this.#deadlines.clear()
  }

  #onDue(connection: Connection): void {
    const now = Date.now()
    const expiresAt = this.#expiresAt.get(connection) ?? now
    if (expiresAt <= now) {
      this.delete(connection)
      this.#options.onExpired(connection)
      return
    }
    const repeatMs = (expiresAt - now) / 2
    this.#deadlines.set(connection, repeatMs < minRepeatMs ? expiresAt : now + repeatMs)
    this.#options.onRenew(connection)
  }
}
