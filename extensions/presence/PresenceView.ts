import type { PresenceEvent, PresentUser, Visitor } from './Presence.ts'

interface Entry {
  readonly user: Omit<PresentUser, 'connections'>
  /** By instance. */
  readonly connections: Map<string, number>
  leaving: NodeJS.Timeout | undefined
}

export interface PresenceViewOptions {
  readonly documentName: string
  /** The name of this instance. */
  readonly instance: string
  /** Who is back within this time has never left, ms. */
  readonly leaveDelayMs: number
  readonly onChange: (event: PresenceEvent) => void
  /** Nobody is left. */
  readonly onEmpty?: () => void
}

/** The users of one document as one instance sees them. */
export class PresenceView {
  readonly #options: PresenceViewOptions
  readonly #entries = new Map<string, Entry>()

  constructor(options: PresenceViewOptions) {
    this.#options = options
  }

  get users(): PresentUser[] {
    return Array.from(this.#entries.values(), ({ user, connections }) => ({
      ...user,
      connections: [...connections.values()].reduce((sum, count) => sum + count, 0),
    }))
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  /** How many connections a user has on an instance. */
  count(instance: string, userId: string): number {
    return this.#entries.get(userId)?.connections.get(instance) ?? 0
  }

  /** @param silent says nothing: the user was there before anybody looked */
  set(instance: string, { userId, name }: Visitor, count: number, silent = false): void {
    const entry = this.#entries.get(userId)
    if (count > 0) this.#add(entry, instance, { userId, ...(name !== undefined && { name }) }, count, silent)
    else if (entry?.connections.delete(instance) && entry.connections.size === 0) this.#leave(entry, instance)
  }

  /** An instance has none of its users any more, but for those that are kept. */
  retain(instance: string, isKept: (userId: string) => boolean): void {
    for (const [userId, { connections }] of this.#entries)
      if (connections.has(instance) && !isKept(userId)) this.set(instance, { userId }, 0)
  }

  /** Instances of which somebody is here. */
  get instances(): Set<string> {
    const instances = new Set<string>()
    for (const { connections } of this.#entries.values())
      for (const instance of connections.keys()) instances.add(instance)
    return instances
  }

  close(): void {
    for (const { leaving } of this.#entries.values()) clearTimeout(leaving)
    this.#entries.clear()
  }

  #add(
    known: Entry | undefined,
    instance: string,
    user: Entry['user'],
    count: number,
    silent: boolean,
  ): void {
    if (known) {
      clearTimeout(known.leaving)
      known.leaving = undefined
      known.connections.set(instance, count)
      return
    }
    this.#entries.set(user.userId, { user, connections: new Map([[instance, count]]), leaving: undefined })
    if (!silent) this.#tell('user_joined', user, instance)
  }

  #leave(entry: Entry, instance: string): void {
    const { leaveDelayMs, onEmpty } = this.#options
    entry.leaving = setTimeout(() => {
      this.#entries.delete(entry.user.userId)
      this.#tell('user_left', entry.user, instance)
      if (this.#entries.size === 0) onEmpty?.()
    }, leaveDelayMs).unref()
  }

  #tell(type: PresenceEvent['type'], user: Entry['user'], instance: string): void {
    const { documentName, onChange } = this.#options
    onChange({ type, documentName, user, time: Date.now(), isLocal: instance === this.#options.instance })
  }
}
