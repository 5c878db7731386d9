/** Somebody who has a document open. */
export interface PresentUser {
  readonly userId: string
  readonly name?: string
  /** Connections, such as tabs, on all instances. */
  readonly connections: number
}

/** Where a user is connected. */
export interface Whereabouts {
  /** Name of the instance that the user is connected to. */
  readonly instance: string
  readonly documentName: string
}

export interface PresenceEvent {
  readonly type: 'user_joined' | 'user_left'
  readonly documentName: string
  readonly user: Omit<PresentUser, 'connections'>
  /** Ms since the epoch. */
  readonly time: number
  /** True on the one instance where it happened, for what must happen once in the whole fleet. */
  readonly isLocal: boolean
}

export interface Visitor {
  readonly userId: string
  readonly name?: string | undefined
}

/**
 * Who has which document open, in all instances.
 *
 * Contract, checked by `test/conformance/presence.ts` on every driver:
 * - `enter` MUST return at once and MUST NOT throw while a service is away.
 * - A user with several connections counts once: `user_joined` comes with the first, `user_left` with the last, and
 *   neither when a user is back within the leave delay.
 * - An instance hears events of the documents that somebody has open on it.
 * - Users of an instance that was killed MUST vanish within a stated time, and nobody else meanwhile.
 */
export interface Presence {
  /** A user has opened a document on this instance. Returns what ends it. */
  enter(documentName: string, user: Visitor): () => void
  users(documentName: string): Promise<PresentUser[]>
  whereIs(userId: string): Promise<Whereabouts[]>
  /** Returns a function that ends it. */
  onChange(listener: (event: PresenceEvent) => void): () => void
  /** Takes the users of this instance away. */
  close(): Promise<void>
}
