/** What the transport needs of a connection, whatever protocol it speaks, to watch over it. */
export interface ServedSocket {
  readonly openedAt: number
  readonly lastReceivedAt: number
  readonly lastSentAt: number
  readonly isAuthenticated: boolean
  /** When the client stopped reading; undefined while it reads. */
  readonly behindSince: number | undefined
  /** Written and not yet taken by the kernel. */
  readonly unsentBytes: number
  /** The user that this connection counts for. */
  userId: string | undefined
  ping(): void
  keepAlive(): void
  close(code?: number, reason?: string): void
  /** Closes with the code of `error`, and counts it. */
  fail(error: unknown): void
  terminate(): void
}
