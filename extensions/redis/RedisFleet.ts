import type { Fleet, FleetCommand, FleetListener } from '../fleet/Fleet.ts'
import { FleetListeners, type FleetErrorHandler } from '../fleet/listeners.ts'
import type { InstanceRegistry } from './InstanceRegistry.ts'
import type { RedisChannels } from './RedisChannels.ts'
import type { RedisConnection } from './RedisConnection.ts'
import { RedisScript } from './RedisScript.ts'

export interface RedisFleetOptions {
  readonly connection: RedisConnection
  readonly channels: RedisChannels
  readonly registry: InstanceRegistry
  readonly onError: FleetErrorHandler
  /**
   * How long `publish` waits for all to confirm, ms.
   * @default 3_000
   */
  readonly confirmMs?: number
}

/** Commands that are kept for instances that were cut off. */
const maxCommands = 10_000

const maxEarly = 100

const publishScript = new RedisScript(`
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '0-*', 'c', ARGV[1])
redis.call('SPUBLISH', KEYS[1], string.sub(id, 3))
return tonumber(string.sub(id, 3))
`)

interface Confirmation {
  readonly missing: Set<string>
  readonly resolve: (all: boolean) => void
}

/**
 * Fleet over Redis: a stream of commands and a channel that says that there is one. Each instance reads the stream on
 * when it is told to, at each heartbeat and when it is connected again, so that no command is missed.
 */
export class RedisFleet implements Fleet {
  readonly #options: RedisFleetOptions
  readonly #listeners: FleetListeners
  readonly #key: string
  readonly #confirmations = new Map<number, Confirmation>()
  /** Commands that could not be handed over yet. */
  readonly #unsent: FleetCommand[] = []
  /** Confirmations of commands whose number this instance has not been told. */
  readonly #early = new Map<number, Set<string>>()
  readonly #channelListeners: Readonly<Record<string, (message: Buffer) => void>>
  #done = 0
  #running: Promise<void> | undefined
  #runAgain = false
  #closed = false

  private constructor(options: RedisFleetOptions) {
    const { connection, channels, registry, onError } = options
    this.#options = options
    this.#listeners = new FleetListeners(onError)
    this.#key = connection.keys.commands
    this.#channelListeners = { [this.#key]: (message) => this.#receive(message.toString()) }
    channels.onResumed(() => this.#read())
    registry.onBeat(() => this.#read())
    registry.onGone((instance) => {
      for (const number of this.#confirmations.keys()) this.#confirmed(number, instance)
    })
  }

  /** Commands given from now on are carried out. */
  static async open(options: RedisFleetOptions): Promise<RedisFleet> {
    const fleet = new RedisFleet(options)
    await options.channels.subscribe(fleet.#channelListeners)
    const [last] = await options.connection.commands.xrevrange(fleet.#key, '+', '-', 'COUNT', 1)
    fleet.#done = last ? numberOf(last[0]) : 0
    return fleet
  }

  async publish(command: FleetCommand): Promise<boolean> {
    const { registry, confirmMs = 3_000 } = this.#options
    const number = await this.#send(command).catch(() => undefined)
    if (number === undefined) {
      this.#unsent.push(command)
      await this.#listeners.run(command)
      return false
    }
    const instances = await registry.askInstances().catch(() => registry.instances)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const early = this.#early.get(number) ?? new Set()
    const missing = new Set([...instances].filter((instance) => !early.has(instance)))
    if (missing.size === 0) resolve(true)
    this.#confirmations.set(number, { missing, resolve })
    const timer = setTimeout(() => resolve(false), confirmMs)
    this.#read()
    const all = await promise
    clearTimeout(timer)
    this.#confirmations.delete(number)
    return all
  }

  async #send(command: FleetCommand): Promise<number> {
    const args = [JSON.stringify(command), String(maxCommands)]
    return (await publishScript.run(this.#options.connection, [this.#key], args)) as number
  }

  onCommand(listener: FleetListener): () => void {
    return this.#listeners.add(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#options.channels.unsubscribe(this.#channelListeners)
    await this.#running
  }

  /** `12` = there is a command 12; `12 name` = the instance has carried it out. */
  #receive(message: string): void {
    const [number, instance] = message.split(' ')
    if (instance === undefined) {
      // Redis has lost the stream and has begun anew. What is done twice does no harm.
      if (Number(number) < this.#done) this.#done = Number(number) - 1
      this.#read()
    } else this.#confirmed(Number(number), instance)
  }

  #confirmed(number: number, instance: string): void {
    const confirmation = this.#confirmations.get(number)
    if (!confirmation) {
      this.#noteEarly(number, instance)
      return
    }
    confirmation.missing.delete(instance)
    if (confirmation.missing.size === 0) confirmation.resolve(true)
  }

  /** The answer to `publish` comes on another connection, and may come later than this. */
  #noteEarly(number: number, instance: string): void {
    this.#early.set(number, (this.#early.get(number) ?? new Set()).add(instance))
    if (this.#early.size <= maxEarly) return
    const [oldest] = this.#early.keys()
    this.#early.delete(oldest as number)
  }

  #read(): void {
    if (this.#closed) return
    if (this.#running) {
      this.#runAgain = true
      return
    }
    this.#running = this.#runAll()
      // Redis is away: the next heartbeat reads.
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined
        if (!this.#runAgain) return
        this.#runAgain = false
        this.#read()
      })
  }

  async #runAll(): Promise<void> {
    const { connection, registry } = this.#options
    for (let [next] = this.#unsent; next; [next] = this.#unsent) {
      await this.#send(next)
      this.#unsent.shift()
    }
    const entries = await connection.commands.xrange(this.#key, `0-${this.#done + 1}`, '+')
    for (const [id, [, text]] of entries) {
      const number = numberOf(id)
      await this.#listeners.run(JSON.parse(text as string) as FleetCommand)
      this.#done = number
      await connection.commands.spublish(this.#key, `${number} ${registry.instance}`)
    }
  }
}

const numberOf = (id: string): number => Number(id.slice('0-'.length))
