import type { RedisConnection } from './RedisConnection.ts'

/** Gets each message of a channel; the bytes are its own. */
export type ChannelListener = (message: Buffer) => void

const retryMs = 500
const channelsPerCall = 200

/**
 * Sharded channels of Redis (SSUBSCRIBE), one listener each. Subscriptions come back by themselves after a lost
 * connection; what was announced meanwhile is lost, so listeners of {@link onResumed} look for themselves.
 */
export class RedisChannels {
  readonly #connection: RedisConnection
  readonly #listeners = new Map<string, ChannelListener>()
  readonly #resumeListeners = new Set<() => void>()
  /** Wanted, and not confirmed on the present connection. */
  readonly #missing = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  /** @param onError called with what a listener throws, which is not passed on */
  constructor(connection: RedisConnection, onError: (error: unknown) => void) {
    this.#connection = connection
    const { subscriber } = connection
    subscriber.on('smessageBuffer', (channel: Buffer, message: Buffer) => {
      try {
        this.#listeners.get(channel.toString())?.(message)
      } catch (error) {
        onError(error)
      }
    })
    subscriber.on('close', () => {
      for (const channel of this.#listeners.keys()) this.#missing.add(channel)
    })
    subscriber.on('ready', () => this.#resume())
  }

  /** Resolves when every message from now on is received. Rejects when Redis cannot be reached. */
  async subscribe(listeners: Readonly<Record<string, ChannelListener>>): Promise<void> {
    const channels = Object.keys(listeners)
    for (const channel of channels) this.#listeners.set(channel, listeners[channel] as ChannelListener)
    try {
      await this.#connection.subscriber.ssubscribe(...channels)
    } catch (error) {
      for (const channel of channels)
        if (this.#listeners.get(channel) === listeners[channel]) this.#listeners.delete(channel)
      throw error
    }
  }

  /** Ends those subscriptions whose listener is still the given one. */
  unsubscribe(listeners: Readonly<Record<string, ChannelListener>>): void {
    const channels = Object.keys(listeners).filter(
      (channel) => this.#listeners.get(channel) === listeners[channel],
    )
    for (const channel of channels) {
      this.#listeners.delete(channel)
      this.#missing.delete(channel)
    }
    // Without a connection there is no subscription either.
    if (channels.length > 0 && !this.#closed)
      this.#connection.subscriber.sunsubscribe(...channels).catch(() => undefined)
  }

  /** Calls `listener` after messages may have been lost. */
  onResumed(listener: () => void): void {
    this.#resumeListeners.add(listener)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }

  #resume(): void {
    if (this.#closed) return
    clearTimeout(this.#timer)
    this.#subscribeMissing().then(
      () => {
        for (const listener of this.#resumeListeners) listener()
      },
      () => {
        this.#timer = setTimeout(() => this.#resume(), retryMs)
      },
    )
  }

  async #subscribeMissing(): Promise<void> {
    const missing = [...this.#missing]
    const { subscriber, isCluster } = this.#connection
    // A cluster takes channels of one slot only in one call.
    const size = isCluster ? 1 : channelsPerCall
    for (let i = 0; i < missing.length; i += size) {
      const channels = missing.slice(i, i + size)
      await subscriber.ssubscribe(...channels)
      for (const channel of channels) this.#missing.delete(channel)
    }
  }
}
