import { randomBytes } from 'node:crypto'
import { CodraftError } from '../errors.ts'
import type { RedisConnection } from './RedisConnection.ts'
import { instanceTagLength } from './relay-message.ts'
import { RedisScript } from './RedisScript.ts'

export interface InstanceRegistryOptions {
  readonly connection: RedisConnection
  /**
   * Name of this instance, unique in the fleet: eight of `[A-Za-z0-9_-]`.
   * @default a random one
   */
  readonly instance?: string
  /**
   * How often an instance says that it lives, ms.
   * @default 3_000
   */
  readonly heartbeatMs?: number
  /**
   * An instance that has said nothing for this long is dead, ms.
   * @default 12_000
   */
  readonly deadAfterMs?: number
}

/** Clocks further apart than this would mix up the times of edits and events, ms. */
const maxClockDifferenceMs = 5_000

/**
 * Says that ARGV[1] lives for ARGV[2] ms more, by the clock of Redis. Answers with that clock and with who lives.
 * With ARGV[3] = '1' it fails when the instance lives already.
 */
const heartbeatScript = new RedisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if ARGV[3] == '1' and redis.call('ZSCORE', KEYS[1], ARGV[1]) then return { tostring(now) } end
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
local answer = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(answer, 1, tostring(now))
return answer
`)

/**
 * Which instances live. Each says so every few seconds; one that does not any more is reported as gone. While this
 * instance does not reach Redis itself, it takes nobody for dead.
 */
export class InstanceRegistry {
  /** The name of this instance. */
  readonly instance: string
  readonly #options: Required<Pick<InstanceRegistryOptions, 'heartbeatMs' | 'deadAfterMs'>> &
    InstanceRegistryOptions
  readonly #goneListeners = new Set<(instance: string) => void>()
  readonly #beatListeners = new Set<() => void>()
  #instances: ReadonlySet<string> = new Set()
  #lastBeatAt = 0
  /** Until then the others may not have been able to say that they live. */
  #graceUntil = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  private constructor(options: InstanceRegistryOptions) {
    this.#options = { heartbeatMs: 3_000, deadAfterMs: 12_000, ...options }
    this.instance = options.instance ?? randomBytes(6).toString('base64url')
  }

  /**
   * Rejects with CODRAFT_INSTANCE_DUPLICATE when another instance of this name lives, and with
   * CODRAFT_CLOCK_SKEWED when the clock of this machine is more than five seconds off that of Redis.
   */
  static async open(options: InstanceRegistryOptions): Promise<InstanceRegistry> {
    const registry = new InstanceRegistry(options)
    const [clock, ...instances] = await registry.#beat(true)
    const differenceMs = Math.round(Date.now() - Number(clock))
    if (Math.abs(differenceMs) > maxClockDifferenceMs)
      throw new CodraftError('CODRAFT_CLOCK_SKEWED', `the clocks differ by ${differenceMs} ms`)
    if (instances.length === 0) throw new CodraftError('CODRAFT_INSTANCE_DUPLICATE', registry.instance)
    registry.#alive(instances)
    registry.#schedule()
    return registry
  }

  /** Instances that live, this one included. */
  get instances(): ReadonlySet<string> {
    return this.#instances
  }

  /** Asks Redis: also knows an instance that has come since the last heartbeat. */
  async askInstances(): Promise<ReadonlySet<string>> {
    const { connection } = this.#options
    const listed = await connection.commands.zrange(connection.keys.instances, '0', '-1')
    return new Set([...this.#instances, ...listed])
  }

  /** Those that live of `instances`. One that nobody here has heard of may have started a moment ago. */
  async living(instances: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const hasStranger = [...instances].some((instance) => !this.#instances.has(instance))
    return hasStranger ? this.askInstances() : this.#instances
  }

  /** Calls `listener` with each instance that has died or has left. */
  onGone(listener: (instance: string) => void): void {
    this.#goneListeners.add(listener)
  }

  /** Calls `listener` after each heartbeat that has reached Redis. */
  onBeat(listener: () => void): void {
    this.#beatListeners.add(listener)
  }

  /** Tells the others that this instance is gone. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    const { connection } = this.#options
    await connection.commands.zrem(connection.keys.instances, this.instance).catch(() => undefined)
  }

  async #beat(isFirst: boolean): Promise<string[]> {
    const { connection, deadAfterMs } = this.#options
    const args = [this.instance, String(deadAfterMs), isFirst ? '1' : '0']
    return (await heartbeatScript.run(connection, [connection.keys.instances], args)) as string[]
  }

  #schedule(): void {
    if (this.#closed) return
    const { heartbeatMs } = this.#options
    this.#timer = setTimeout(
      () => {
        this.#beat(false)
          .then(
            ([, ...instances]) => this.#alive(instances),
            () => undefined,
          )
          .finally(() => this.#schedule())
      },
      heartbeatMs * (0.8 + Math.random() * 0.2),
    ).unref()
  }

  #alive(instances: readonly string[]): void {
    if (this.#closed) return
    const { heartbeatMs, deadAfterMs } = this.#options
    const now = performance.now()
    if (now - this.#lastBeatAt > 2 * heartbeatMs) this.#graceUntil = now + deadAfterMs
    this.#lastBeatAt = now
    const living = new Set(instances)
    const gone = [...this.#instances].filter((instance) => !living.has(instance))
    if (gone.length > 0 && now < this.#graceUntil) for (const instance of gone) living.add(instance)
    this.#instances = living
    for (const instance of gone)
      if (!living.has(instance)) for (const listener of this.#goneListeners) listener(instance)
    for (const listener of this.#beatListeners) listener()
  }
}

/** Whether `name` can be the name of an instance. */
export const isInstanceName = (name: string): boolean =>
  name.length === instanceTagLength && /^[\w-]+$/.test(name)
