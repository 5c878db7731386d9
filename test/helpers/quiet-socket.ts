import { WebSocket } from 'ws'

/** A WebSocket for providers: one that a test ends while it still opens emits an error that nobody else listens to. */
export class QuietWebSocket extends WebSocket {
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args)
    this.on('error', () => undefined)
  }
}
