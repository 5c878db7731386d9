import { HocuspocusProviderWebsocket } from '@hocuspocus/provider'

/** Reconnects quickly at first, then at most this far apart. */
const maxDelayMs = 10_000

/**
 * The WebSocket of HocuspocusProvider, with two differences. It keeps no queue while it is closed: the handshake
 * on reconnection sends what is missing, and replaying a queue beside it would upset the count of acknowledgements
 * from which "Saved" is derived. And it can check at once whether the network is still there.
 */
export class CollabSocket extends HocuspocusProviderWebsocket {
  constructor(url: string) {
    super({ url, autoConnect: false, maxDelay: maxDelayMs })
  }

  override send(message: unknown): void {
    if (this.webSocket?.readyState === WebSocket.OPEN) super.send(message)
  }

  /**
   * Gives up the present connection and tries a new one. For the moment when the browser reports a change of
   * network: on a connection whose network is gone, silence would be noticed only after 30 seconds.
   */
  reconnect(): void {
    this.emit('close', { event: { code: 4408, reason: 'network changed' } })
    this.clearReconnectTimeout()
    this.cancelWebsocketRetry?.()
    void this.connect()
  }
}
