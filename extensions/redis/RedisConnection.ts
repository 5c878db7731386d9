import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { CodraftError } from '../errors.ts'
import { RedisKeys } from './keys.ts'

export interface RedisConnectionOptions {
  /** `redis://` or `rediss://` URL; several, comma-separated, are nodes of a Redis Cluster. */
  readonly url: string
  /**
   * Before all keys and channels, so that several fleets can share one Redis.
   * @default ''
   */
  readonly prefix?: string
  /** Called with each failure to connect, and each that ends a connection. */
  readonly onError?: (error: Error) => void
}

/** A command that gets no answer for so long ends its connection, ms. */
const silenceMs = 5_000
const connectTimeoutMs = 5_000
const firstRetryMs = 50
const maxRetryMs = 2_000
/** `XADD … 0-*` and sharded channels need it. */
const minMajorVersion = 7

/** Random, so that the instances of a fleet do not all return in the same moment. */
const retryDelay = (attempt: number): number =>
  Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)

/**
 * The connections of one instance to Redis, or to a Redis Cluster: one for commands, one for channels. Both come back
 * by themselves. A command fails at once while there is no connection, and is never sent twice: who sends it decides
 * about repeating it.
 */
export class RedisConnection {
  readonly commands: Redis | Cluster
  readonly subscriber: Redis | Cluster
  readonly isCluster: boolean
  readonly keys: RedisKeys
  /** What {@link keys} begin with. */
  readonly prefix: string
  #closing = false

  private constructor({ url, prefix = '', onError = () => undefined }: RedisConnectionOptions) {
    const nodes = url.split(',').map((node) => node.trim())
    this.isCluster = nodes.length > 1
    this.prefix = prefix
    this.keys = new RedisKeys(prefix)
    this.commands = connect(nodes, false)
    this.subscriber = connect(nodes, true)
    for (const client of [this.commands, this.subscriber])
      client.on('error', (error: Error) => {
        if (!this.#closing) onError(error)
      })
  }

  /**
   * Rejects with CODRAFT_REDIS_UNAVAILABLE when it cannot be reached, and with CODRAFT_REDIS_UNSUITABLE when it is
   * older than 7.0 or a node of a cluster whose other nodes are not named.
   */
  static async open(options: RedisConnectionOptions): Promise<RedisConnection> {
    const connection = new RedisConnection(options)
    try {
      await Promise.all([connection.commands.connect(), connection.subscriber.connect()])
      await connection.#check()
    } catch (error) {
      connection.close()
      if (error instanceof CodraftError) throw error
      throw new CodraftError('CODRAFT_REDIS_UNAVAILABLE', messageOf(error), { cause: error })
    }
    return connection
  }

  /** Whether commands can be sent now. */
  get isReady(): boolean {
    return this.commands.status === 'ready'
  }

  /** The clients of all nodes that hold data. */
  get nodes(): readonly Redis[] {
    return this.commands instanceof Cluster ? this.commands.nodes('master') : [this.commands]
  }

  close(): void {
    this.#closing = true
    this.commands.disconnect()
    this.subscriber.disconnect()
  }

  async #check(): Promise<void> {
    const [node] = this.nodes
    const info = (await node?.info()) ?? ''
    const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'
    if (Number.parseInt(version, 10) < minMajorVersion)
      throw new CodraftError(
        'CODRAFT_REDIS_UNSUITABLE',
        `version ${version} is older than ${minMajorVersion}.0`,
      )
    if (!this.isCluster && /^cluster_enabled:1/m.test(info))
      throw new CodraftError(
        'CODRAFT_REDIS_UNSUITABLE',
        'it is one node of a cluster: name at least two of its nodes',
      )
  }
}

const connect = (nodes: readonly string[], isSubscriber: boolean): Redis | Cluster => {
  const options = {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: connectTimeoutMs,
    socketTimeout: silenceMs,
    autoResubscribe: true,
  } satisfies RedisOptions
  const [first] = nodes
  if (nodes.length === 1) return new Redis(first as string, { ...options, retryStrategy: retryDelay })
  const { lazyConnect, enableOfflineQueue, ...redisOptions } = options
  return new Cluster([...nodes], {
    lazyConnect,
    enableOfflineQueue,
    shardedSubscribers: isSubscriber,
    clusterRetryStrategy: retryDelay,
    redisOptions,
  })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
