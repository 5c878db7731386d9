import type { Presence, PresenceEvent, PresentUser, Visitor, Whereabouts } from '../presence/Presence.ts'
import { PresenceView } from '../presence/PresenceView.ts'
import type { InstanceRegistry } from './InstanceRegistry.ts'
import type { RedisChannels } from './RedisChannels.ts'
import type { RedisConnection } from './RedisConnection.ts'
import { RedisScript } from './RedisScript.ts'

export interface RedisPresenceOptions {
  readonly connection: RedisConnection
  readonly channels: RedisChannels
  readonly registry: InstanceRegistry
  /**
   * Who is back within this time has never left, ms.
   * @default 2_000
   */
  readonly leaveDelayMs?: number
  /**
   * How often what was lost on the way is looked for, ms.
   * @default 15_000
   */
  readonly refreshMs?: number
}

/** Keys of a fleet that is gone vanish after this time, seconds. */
const expirySeconds = 3_600
const rewriteEveryMs = (expirySeconds * 1_000) / 3

interface WatchedDocument {
  readonly view: PresenceView
  readonly channel: string
  readonly listeners: Readonly<Record<string, (message: Buffer) => void>>
  /** Of this instance. */
  readonly local: Map<string, { readonly user: Visitor; count: number }>
  /** For each reading under way, the users of whom a message has told since it began: newer than what it reads. */
  readonly heard: Set<Set<string>>
  isSubscribed: boolean
}

const userIn = (instance: string, userId: string): string => JSON.stringify([instance, userId])

/**
 * Sets or removes ARGV[1] in a hash that expires, and announces it. With an empty value it is removed.
 */
const setScript = new RedisScript(`
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
if ARGV[4] ~= '' then redis.call('SPUBLISH', ARGV[4], ARGV[5]) end
`)

/**
 * Presence over Redis. `doc:{name}:users` holds the users of a document for each instance, `ws:{user}` the documents of
 * a user; entries of instances that do not live any more do not count. Instances tell each other of changes, and look
 * every few seconds for what they have missed.
 */
export class RedisPresence implements Presence {
  readonly #options: RedisPresenceOptions
  readonly #documents = new Map<string, WatchedDocument>()
  readonly #listeners = new Set<(event: PresenceEvent) => void>()
  /** Changes that Redis has not got. */
  readonly #unwritten = new Map<string, { readonly documentName: string; readonly user: Visitor }>()
  #timer: NodeJS.Timeout | undefined
  #rewrittenAt = performance.now()

  constructor(options: RedisPresenceOptions) {
    this.#options = options
    options.registry.onGone((instance) => {
      for (const { view } of this.#documents.values()) view.retain(instance, () => false)
    })
    options.channels.onResumed(() => this.#refresh(true))
    const { refreshMs = 15_000 } = options
    this.#timer = setInterval(() => {
      const isDue = performance.now() - this.#rewrittenAt > rewriteEveryMs
      this.#refresh(isDue)
    }, refreshMs).unref()
  }

  enter(documentName: string, user: Visitor): () => void {
    this.#count(documentName, user, 1)
    let isIn = true
    return () => {
      if (isIn) this.#count(documentName, user, -1)
      isIn = false
    }
  }

  async users(documentName: string): Promise<PresentUser[]> {
    const watched = this.#documents.get(documentName)
    if (watched?.isSubscribed) return watched.view.users
    const view = new PresenceView({
      documentName,
      instance: this.#instance,
      leaveDelayMs: 0,
      onChange: () => undefined,
    })
    for (const { instance, user, count } of await this.#read(documentName))
      view.set(instance, user, count, true)
    return view.users
  }

  async whereIs(userId: string): Promise<Whereabouts[]> {
    const { connection, registry } = this.#options
    const fields = await connection.commands.hkeys(connection.keys.user(userId))
    const places = fields.map((field) => JSON.parse(field) as [instance: string, documentName: string])
    const living = await registry.living(new Set(places.map(([instance]) => instance)))
    return places
      .filter(([instance]) => living.has(instance))
      .map(([instance, documentName]) => ({ instance, documentName }))
  }

  onChange(listener: (event: PresenceEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    const written: Promise<unknown>[] = []
    for (const [documentName, watched] of this.#documents) {
      for (const { user } of watched.local.values()) written.push(this.#write(documentName, user, 0))
      watched.view.close()
      this.#options.channels.unsubscribe(watched.listeners)
    }
    this.#documents.clear()
    await Promise.all(written)
  }

  get #instance(): string {
    return this.#options.registry.instance
  }

  #count(documentName: string, user: Visitor, change: 1 | -1): void {
    const watched = change === 1 ? this.#watch(documentName) : this.#documents.get(documentName)
    if (!watched) return
    const count = (watched.local.get(user.userId)?.count ?? 0) + change
    if (count > 0) watched.local.set(user.userId, { user, count })
    else watched.local.delete(user.userId)
    watched.view.set(this.#instance, user, count)
    void this.#write(documentName, user, count)
  }

  #watch(documentName: string): WatchedDocument {
    const known = this.#documents.get(documentName)
    if (known) return known
    const { connection, channels, leaveDelayMs = 2_000 } = this.#options
    const channel = connection.keys.presence(documentName)
    const view = new PresenceView({
      documentName,
      instance: this.#instance,
      leaveDelayMs,
      onChange: (event) => {
        for (const listener of this.#listeners) listener(event)
        if (event.type === 'user_left') this.#forgetUnused(documentName)
      },
    })
    const listeners = { [channel]: (message: Buffer): void => this.#receive(watched, message) }
    const watched: WatchedDocument = {
      view,
      channel,
      listeners,
      local: new Map(),
      heard: new Set(),
      isSubscribed: false,
    }
    this.#documents.set(documentName, watched)
    channels
      .subscribe(listeners)
      .then(() => this.#reread(documentName, watched))
      .catch(() => undefined)
    return watched
  }

  /** A document that nobody has open here any more is not followed. */
  #forgetUnused(documentName: string): void {
    const watched = this.#documents.get(documentName)
    if (!watched || watched.local.size > 0) return
    this.#documents.delete(documentName)
    watched.view.close()
    this.#options.channels.unsubscribe(watched.listeners)
  }

  #receive({ view, heard }: WatchedDocument, message: Buffer): void {
    const [instance, userId, name, count] = JSON.parse(message.toString()) as [
      string,
      string,
      string | null,
      number,
    ]
    if (instance === this.#instance) return
    view.set(instance, { userId, name: name ?? undefined }, count)
    for (const users of heard) users.add(userIn(instance, userId))
  }

  async #read(documentName: string): Promise<readonly { instance: string; user: Visitor; count: number }[]> {
    const { connection, registry } = this.#options
    const key = connection.keys.users(documentName)
    const entries = Object.entries(await connection.commands.hgetall(key)).map(([field, value]) => {
      const [instance, userId] = JSON.parse(field) as [string, string]
      const [name, count] = JSON.parse(value) as [string | null, number]
      return { field, instance, user: { userId, name: name ?? undefined }, count }
    })
    const living = await registry.living(new Set(entries.map(({ instance }) => instance)))
    const dead = entries.filter(({ instance }) => !living.has(instance)).map(({ field }) => field)
    // Of an instance that has died, nobody is left to remove them.
    if (dead.length > 0) connection.commands.hdel(key, ...dead).catch(() => undefined)
    return entries.filter(({ instance }) => living.has(instance))
  }

  /** What the others have; silent the first time, when they were there before. */
  async #reread(documentName: string, watched: WatchedDocument): Promise<void> {
    const { view } = watched
    const heard = new Set<string>()
    watched.heard.add(heard)
    const entries = await this.#read(documentName).finally(() => watched.heard.delete(heard))
    if (this.#documents.get(documentName) !== watched) return
    const kept = new Set(heard)
    for (const { instance, user, count } of entries) {
      if (instance === this.#instance || heard.has(userIn(instance, user.userId))) continue
      view.set(instance, user, count, !watched.isSubscribed)
      kept.add(userIn(instance, user.userId))
    }
    for (const instance of view.instances)
      if (instance !== this.#instance) view.retain(instance, (userId) => kept.has(userIn(instance, userId)))
    watched.isSubscribed = true
  }

  #refresh(rewrite: boolean): void {
    const unwritten = [...this.#unwritten.values()]
    this.#unwritten.clear()
    for (const { documentName, user } of unwritten) {
      const count = this.#documents.get(documentName)?.local.get(user.userId)?.count ?? 0
      void this.#write(documentName, user, count)
    }
    if (rewrite) this.#rewrittenAt = performance.now()
    for (const [documentName, watched] of this.#documents) {
      if (watched.local.size === 0) {
        if (watched.view.isEmpty) this.#forgetUnused(documentName)
        continue
      }
      if (rewrite)
        for (const { user, count } of watched.local.values()) void this.#write(documentName, user, count)
      this.#reread(documentName, watched).catch(() => undefined)
    }
  }

  /** What fails is made up for when Redis is back. */
  async #write(documentName: string, user: Visitor, count: number): Promise<void> {
    const { connection } = this.#options
    const { userId, name = null } = user
    const instance = this.#instance
    const message = JSON.stringify([instance, userId, name, count])
    const isIn = count > 0
    const set = (key: string, field: string, value: string, channel: string): Promise<unknown> =>
      setScript.run(connection, [key], [field, value, String(expirySeconds), channel, message])
    const written = await Promise.allSettled([
      set(
        connection.keys.users(documentName),
        JSON.stringify([instance, userId]),
        isIn ? JSON.stringify([name, count]) : '',
        connection.keys.presence(documentName),
      ),
      set(connection.keys.user(userId), JSON.stringify([instance, documentName]), isIn ? '1' : '', ''),
    ])
    if (written.some(({ status }) => status === 'rejected'))
      this.#unwritten.set(JSON.stringify([documentName, userId]), { documentName, user })
  }
}
