import { setTimeout as delay } from 'node:timers/promises'
import type { InstanceRegistry } from './InstanceRegistry.ts'
import type { RedisConnection } from './RedisConnection.ts'

export interface InstanceSummariesOptions {
  readonly connection: RedisConnection
  readonly registry: InstanceRegistry
  /** What the others are to know of this instance, as JSON can hold it; some kilobytes at most. */
  readonly summary: () => unknown
  /**
   * How long one that has died is listed, ms.
   * @default 300_000
   */
  readonly keepGoneMs?: number
}

export interface InstanceSummary {
  readonly instance: string
  /** `gone`: it has died, and is listed for a while. `unknown`: Redis cannot be reached, so nobody can say. */
  readonly state: 'alive' | 'gone' | 'unknown'
  /** When it last told, ms since 1970 by its own clock. */
  readonly at: number
  readonly summary: unknown
}

interface Entry {
  readonly at: number
  readonly summary: unknown
}

/** A request does not wait longer than this for Redis, ms. */
const patienceMs = 500

/** What each instance tells of itself, with every heartbeat, in one hash. One that leaves in good order takes its own away. */
export class InstanceSummaries {
  readonly #options: Required<InstanceSummariesOptions>
  #last: ReadonlyMap<string, Entry> = new Map()
  #living: ReadonlySet<string> = new Set()
  #closed = false

  constructor(options: InstanceSummariesOptions) {
    this.#options = { keepGoneMs: 300_000, ...options }
    options.registry.onBeat(() => void this.#tell().catch(() => undefined))
  }

  /** All instances, this one included, by name. While Redis cannot be reached, as they were when it could. */
  async list(): Promise<InstanceSummary[]> {
    const { registry, summary } = this.#options
    const isReached = await Promise.race([this.#read(), delay(patienceMs, false, { ref: false })])
    const own: Entry = { at: Date.now(), summary: summary() }
    const entries = new Map([...this.#last, [registry.instance, own]])
    return Array.from(entries, ([instance, entry]) => ({
      instance,
      state: instance === registry.instance ? ('alive' as const) : this.#stateOf(instance, isReached),
      ...entry,
    })).sort((one, other) => one.instance.localeCompare(other.instance))
  }

  /** Nobody is to take this instance for dead. */
  async close(): Promise<void> {
    this.#closed = true
    const { connection, registry } = this.#options
    await connection.commands.hdel(connection.keys.summaries, registry.instance).catch(() => undefined)
  }

  #stateOf(instance: string, isReached: boolean): InstanceSummary['state'] {
    if (!this.#living.has(instance)) return 'gone'
    return isReached ? 'alive' : 'unknown'
  }

  async #tell(): Promise<void> {
    if (this.#closed) return
    const { connection, registry, summary } = this.#options
    const entry: Entry = { at: Date.now(), summary: summary() }
    await connection.commands.hset(connection.keys.summaries, registry.instance, JSON.stringify(entry))
  }

  /** Resolves to whether Redis has answered. */
  async #read(): Promise<boolean> {
    const { connection, registry, keepGoneMs } = this.#options
    const { summaries } = connection.keys
    try {
      const fields = await connection.commands.hgetall(summaries)
      this.#living = await registry.living(new Set(Object.keys(fields)))
      const entries = Object.entries(fields).map(([name, text]) => [name, JSON.parse(text) as Entry] as const)
      const isForgotten = ([name, { at }]: (typeof entries)[number]): boolean =>
        !this.#living.has(name) && at < Date.now() - keepGoneMs
      this.#last = new Map(entries.filter((entry) => !isForgotten(entry)))
      const forgotten = entries.filter(isForgotten).map(([name]) => name)
      if (forgotten.length > 0) await connection.commands.hdel(summaries, ...forgotten)
      return true
    } catch {
      return false
    }
  }
}
