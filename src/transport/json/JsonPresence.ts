import type { Connection, Document } from '@hocuspocus/server'
import { applyAwarenessUpdate } from 'y-protocols/awareness'
import { encodeAwareness, stampIdentity, userOf, type Identity } from '../awareness.ts'
import type { JsonClient } from './JsonClient.ts'
import type { ServerMessage } from './messages.ts'

type State = Record<string, unknown>

interface OwnState {
  readonly origin: { readonly source: 'connection'; readonly connection: Connection }
  state: State
  clock: number
}

export interface Cursor {
  readonly userId: string
  readonly anchor?: unknown
  readonly head?: unknown
}

interface Changes {
  readonly added: readonly number[]
  readonly updated: readonly number[]
  readonly removed: readonly number[]
}

/** Who is in a document, for its JSON clients, from the awareness of Yjs; and the JSON clients in that awareness, for all others. */
export class JsonPresence {
  readonly #document: Document
  readonly #clients: ReadonlySet<JsonClient>
  readonly #onCursors: () => void
  readonly #own = new Map<number, OwnState>()
  /** The user of each client in the awareness, and the cursor that was told. */
  readonly #known = new Map<number, { userId: string; cursor: string }>()
  readonly #changed = ({ added, updated, removed }: Changes): void => {
    for (const clientId of [...added, ...updated, ...removed]) this.#follow(clientId)
  }

  /** @param onCursors called when cursors have moved; {@link JsonClient.cursorMoved} says which */
  constructor(document: Document, clients: ReadonlySet<JsonClient>, onCursors: () => void) {
    this.#document = document
    this.#clients = clients
    this.#onCursors = onCursors
    for (const clientId of document.awareness.states.keys()) this.#follow(clientId)
    document.awareness.on('change', this.#changed)
  }

  close(): void {
    this.#document.awareness.off('change', this.#changed)
  }

  /** Shows a client to everybody. */
  add(
    clientId: number,
    connection: Connection,
    identity: Identity,
    appearance: { agent?: string; color?: string },
  ): void {
    const { agent, color } = appearance
    const shown = agent === undefined ? identity : agentOf(identity, agent)
    const state = stampIdentity(color === undefined ? {} : { user: { color } }, shown)
    const own = { origin: { source: 'connection' as const, connection }, state, clock: 0 }
    this.#own.set(clientId, own)
    this.#document.getClients(connection).add(clientId)
    this.#publish(clientId, own)
  }

  remove(clientId: number): void {
    this.#own.delete(clientId)
  }

  setCursor(clientId: number, cursor: object | null): void {
    const own = this.#own.get(clientId)
    if (!own) return
    own.state = { ...own.state, cursor }
    this.#publish(clientId, own)
  }

  /** Yjs forgets a client that says nothing for 30 s. */
  renew(): void {
    for (const [clientId, own] of this.#own) this.#publish(clientId, own)
  }

  /** Tells a client that has joined who is here, and where. */
  introduce(client: JsonClient): void {
    const users = new Map(
      Array.from(this.#known.keys(), (clientId) => this.#userOf(clientId)).map((user) => [user.userId, user]),
    )
    client.socket.tell({ type: 'active_users', users: [...users.values()] })
    for (const [clientId, { cursor }] of this.#known) {
      if (clientId !== client.clientId && cursor !== noCursor) client.cursorMoved(clientId)
    }
  }

  cursorOf(clientId: number): Cursor | undefined {
    const state = this.#document.awareness.states.get(clientId)
    const userId = userOf(state) ?? this.#known.get(clientId)?.userId
    if (userId === undefined) return undefined
    const cursor = state?.['cursor']
    return typeof cursor === 'object' && cursor !== null ? { userId, ...cursor } : { userId }
  }

  #publish(clientId: number, own: OwnState): void {
    own.clock += 1
    const entry = { clientId, clock: own.clock, state: own.state }
    applyAwarenessUpdate(this.#document.awareness, encodeAwareness([entry]), own.origin)
  }

  #follow(clientId: number): void {
    const state = this.#document.awareness.states.get(clientId)
    const before = this.#known.get(clientId)
    const userId = userOf(state)
    if (before && before.userId !== userId) this.#forget(clientId, before.userId)
    if (userId === undefined) return
    const isNew = ![...this.#known.values()].some((known) => known.userId === userId)
    const cursor = JSON.stringify(state?.['cursor'] ?? null)
    this.#known.set(clientId, { userId, cursor })
    if (isNew) this.#tell({ type: 'user_joined', ...this.#userOf(clientId), timestamp: Date.now() })
    if (cursor !== (before?.cursor ?? noCursor)) this.#move(clientId)
  }

  #forget(clientId: number, userId: string): void {
    const before = this.#known.get(clientId)
    this.#known.delete(clientId)
    const isLast = ![...this.#known.values()].some((known) => known.userId === userId)
    if (isLast) this.#tell({ type: 'user_left', userId, timestamp: Date.now() })
    else if (before && before.cursor !== noCursor) {
      this.#tell({ type: 'remote_cursor', userId, clientId, position: null, timestamp: Date.now() })
    }
  }

  #move(clientId: number): void {
    for (const client of this.#clients) if (client.clientId !== clientId) client.cursorMoved(clientId)
    this.#onCursors()
  }

  #tell(message: ServerMessage): void {
    const text = JSON.stringify(message)
    for (const client of this.#clients) if (!client.socket.isBackedUp) client.socket.sendText(text)
  }

  #userOf(clientId: number): { userId: string; userName?: string; color?: string } {
    const state = this.#document.awareness.states.get(clientId)
    const { name, color } = (state?.['user'] ?? {}) as { name?: unknown; color?: unknown }
    return {
      userId: userOf(state) ?? '',
      ...(typeof name === 'string' && { userName: name }),
      ...(typeof color === 'string' && { color }),
    }
  }
}

const noCursor = 'null'

/** A program is somebody of its own beside the user for whom it works. */
const agentOf = ({ userId, name }: Identity, agent: string): Identity => ({
  userId: `${userId}/${agent}`,
  name: `${agent} (${name ?? userId})`,
})
