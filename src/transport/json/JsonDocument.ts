import type { Connection, Document } from '@hocuspocus/server'
import type { AppliedEdits } from '../../ot/AppliedEdits.ts'
import type { Identity } from '../awareness.ts'
import type { Flushable } from '../FlushScheduler.ts'
import type { TransportServices } from '../services.ts'
import { JsonClient } from './JsonClient.ts'
import { checkKind, JsonField, kindOf } from './JsonField.ts'
import { JsonPresence } from './JsonPresence.ts'
import type { JsonSocket } from './JsonSocket.ts'
import type { JoinMessage } from './messages.ts'

/** How long the versions are kept for clients that come back; from then on the document is not observed. */
const graceMs = 10_000
const renewMs = 12_000

export interface JsonDocumentOptions {
  readonly document: Document
  readonly services: TransportServices
  /** Edits that have been applied to the document; grows with each edit of its JSON clients. */
  readonly applied: AppliedEdits
  readonly isDurable: (ticket: number) => boolean
  /** Nobody has been here for a while. */
  readonly onIdle: () => void
}

/** The JSON clients of a document. While there are none, nothing observes it. */
export class JsonDocument implements Flushable {
  dueAt = 0
  readonly presence: JsonPresence
  readonly #options: JsonDocumentOptions
  readonly #clients = new Set<JsonClient>()
  readonly #fields = new Map<string, JsonField>()
  #isQueued = false
  #idleTimer: NodeJS.Timeout | undefined
  #renewedAt = performance.now()

  constructor(options: JsonDocumentOptions) {
    this.#options = options
    const { awarenessWindowMs } = options.services.settings
    this.presence = new JsonPresence(options.document, this.#clients, () => this.#schedule(awarenessWindowMs))
  }

  join(socket: JsonSocket, connection: Connection, message: JoinMessage, identity: Identity): JsonClient {
    const { services } = this.#options
    const field = this.#field(message)
    const { epoch, version, pending, units = 'utf16', agent, color } = message
    const participant = field.session.join({ userId: identity.userId, units, epoch, version, pending })
    const clientId = crypto.getRandomValues(new Uint32Array(1))[0] as number
    const client = new JsonClient({
      socket,
      connection,
      document: this,
      field,
      participant,
      services,
      clientId,
    })
    clearTimeout(this.#idleTimer)
    this.presence.add(clientId, connection, identity, {
      ...(agent !== undefined && { agent }),
      ...(color !== undefined && { color }),
    })
    this.#clients.add(client)
    return client
  }

  leave(client: JsonClient): void {
    if (!this.#clients.delete(client)) return
    client.field.session.leave(client.participant)
    this.presence.remove(client.clientId)
    if (this.#clients.size > 0) return
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(this.#options.onIdle, graceMs).unref()
  }

  tellAll(text: string): void {
    for (const client of this.#clients) client.socket.sendText(text)
  }

  sweep(now: number): void {
    if (now - this.#renewedAt < renewMs) return
    this.#renewedAt = now
    this.presence.renew()
  }

  flush(): void {
    this.#isQueued = false
    for (const client of this.#clients) client.pump()
  }

  close(): void {
    clearTimeout(this.#idleTimer)
    this.presence.close()
    for (const { session } of this.#fields.values()) session.close()
  }

  #field({ field: name = 'default', kind }: JoinMessage): JsonField {
    const { document, services, applied, isDurable } = this.#options
    const actual = kind ?? kindOf(document, name, name === 'default' ? 'blocks' : 'text')
    let field = this.#fields.get(name)
    if (field?.kind === actual) return field
    checkKind(document, name, actual)
    field = new JsonField(document, name, actual, {
      applied,
      userIdOf: (origin) => userIdOf(origin, services),
      ticket: () => services.ticketOf(document),
      isDurable,
      onOutgoing: () => this.#schedule(0),
    })
    this.#fields.set(name, field)
    return field
  }

  #schedule(delayMs: number): void {
    const now = performance.now()
    const { scheduler } = this.#options.services
    if (!this.#isQueued) {
      this.#isQueued = true
      this.dueAt = now + delayMs
      scheduler.schedule(this, now)
    } else if (now + delayMs < this.dueAt) {
      this.dueAt = now + delayMs
      scheduler.hasten(this, now)
    }
  }
}

const userIdOf = (origin: unknown, { identityOf }: TransportServices): string => {
  if (typeof origin !== 'object' || origin === null) return ''
  const { connection, context } = origin as { connection?: { context?: unknown }; context?: unknown }
  return identityOf(connection?.context ?? context)?.userId ?? ''
}
