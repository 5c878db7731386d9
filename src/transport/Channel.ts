import type { Connection } from '@hocuspocus/server'
import { applyAwarenessUpdate } from 'y-protocols/awareness'
import { CodraftError } from '../../extensions/errors.ts'
import { applyUpdateWithin, checkUpdate } from '../../extensions/guard/index.ts'
import { decodeAwareness, encodeAwareness, stampIdentity, userOf, type AwarenessEntry } from './awareness.ts'
import { containsUpdate } from './contains-update.ts'
import type { Address, DocumentFanout } from './DocumentFanout.ts'
import { Handshake } from './Handshake.ts'
import type { Incoming } from './protocols/Protocol.ts'
import type { TransportServices } from './services.ts'
import type { Socket } from './Socket.ts'
import {
  frameMessages,
  isEmptyStateVector,
  isEmptyUpdate,
  MessageReader,
  MessageType,
  pongMessage,
  refusedMessage,
  step1Message,
  step2Message,
  SyncStep,
  updateMessage,
  type Message,
} from './wire.ts'

/** Messages that may wait for a slow hook before the socket is no longer read. */
const maxWaitingMessages = 200

/** Clients of one connection in the awareness of a document: an editor has one, a few tabs may share a connection. */
const maxClientsPerChannel = 20

/** One document on one socket, beside the Hocuspocus connection that holds its permissions and context. */
export class Channel {
  readonly connection: Connection
  readonly address: Address
  readonly #socket: Socket
  readonly #fanout: DocumentFanout
  readonly #services: TransportServices
  readonly #origin: { source: 'connection'; connection: Connection }
  /** Awareness clients that this connection speaks for; a reader without a cursor has none. */
  #clients: Set<number> | undefined
  /** Messages that arrived while a hook is at work on an earlier one; undefined when none is. */
  #waiting: Incoming[] | undefined
  readonly #handshake = new Handshake()
  /** What the client had when it stopped reading; undefined while it keeps up. */
  #vectorWhenBehind: Uint8Array | undefined

  constructor(socket: Socket, connection: Connection, fanout: DocumentFanout, services: TransportServices) {
    this.connection = connection
    this.#socket = socket
    this.#fanout = fanout
    this.#services = services
    this.#origin = { source: 'connection', connection }
    this.address = fanout.address(socket.protocol.prefix(connection.messageAddress))
    fanout.channels.set(connection, this)
    connection.onClose(() => {
      fanout.channels.delete(connection)
      socket.channelClosed(connection.messageAddress)
    })
  }

  get documentName(): string {
    return this.connection.document.name
  }

  /** True while broadcasts are not sent because the client does not read them. */
  get isBehind(): boolean {
    return this.#vectorWhenBehind !== undefined
  }

  /** Handles a message after those that arrived before it. */
  receive(incoming: Incoming): void {
    if (this.#waiting) {
      this.#waiting.push(incoming)
      if (this.#waiting.length === maxWaitingMessages) this.#socket.pauseReading()
      return
    }
    const pending = this.#handle(incoming)
    if (!pending) return
    this.#waiting = []
    void pending.then(() => this.#resume())
  }

  /** Frames that every reader of the document gets. */
  broadcast(frames: Buffer): void {
    this.#socket.write(frames)
    if (!this.#socket.isBackedUp) return
    this.#services.metrics.fellBehind()
    this.#vectorWhenBehind = this.#fanout.stateVector()
    this.#socket.notifyWhenDrained(this)
  }

  /** The client reads again: one difference takes the place of all it has missed. */
  catchUp(): void {
    const vector = this.#vectorWhenBehind
    if (!vector || this.connection.document.isDestroyed) return
    this.#fanout.whenShown(() => this.#sendDifference(vector))
  }

  #sendDifference(vector: Uint8Array): void {
    if (this.#vectorWhenBehind !== vector || this.connection.document.isDestroyed) return
    this.#vectorWhenBehind = undefined
    const awareness = this.#fanout.awarenessOfAll()
    const messages = [updateMessage(this.#fanout.difference(vector)), ...(awareness ? [awareness] : [])]
    this.broadcast(frameMessages(this.address.prefix, messages))
  }

  send(...messages: Message[]): void {
    this.#socket.queue(frameMessages(this.address.prefix, messages))
  }

  /** What all cursors are now; sent when the client joins. */
  sendAwareness(): void {
    const awareness = this.#fanout.awarenessOfAll()
    if (awareness) this.send(awareness)
  }

  /** Tells the client that its edits are saved, once they are. */
  acknowledge(): void {
    if (!this.#socket.protocol.acknowledges) return
    for (let due = this.#handshake.owe(); due > 0; due -= 1) {
      this.#services.ackGate.hold(this.#services.ticketOf(this.connection.document), () =>
        this.#socket.queue(this.address.saved),
      )
    }
  }

  /** The client has the state already: it is asked for what the server lacks. */
  askForChanges(): void {
    this.#handshake.serverAsks()
    this.send(step1Message(this.#fanout.stateVector()))
  }

  /** An update builds on something that the server lacks: the client's answer to one question brings both. */
  #fillGap(): void {
    this.#services.metrics.resynchronised()
    if (this.#handshake.isAsked) this.#handshake.owe()
    else this.askForChanges()
  }

  #resume(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    if (waiting.length >= maxWaitingMessages) this.#socket.resumeReading()
    for (const incoming of waiting) this.receive(incoming)
  }

  #handle(incoming: Incoming): Promise<void> | undefined {
    const { data, offset, type } = incoming
    switch (type) {
      case MessageType.sync:
      case MessageType.syncReply: {
        const reader = new MessageReader(data, offset)
        return this.#sync(reader.varUint(), reader.bytes(), incoming)
      }
      case MessageType.awareness:
        return this.#awareness(new MessageReader(data, offset).bytes())
      case MessageType.queryAwareness:
        this.sendAwareness()
        return undefined
      case MessageType.ping:
        this.send(pongMessage)
        return undefined
      case MessageType.auth:
      case MessageType.stateless:
      case MessageType.close:
        return this.#pass(incoming)
      default:
        throw new CodraftError('CODRAFT_MESSAGE_MALFORMED', `message type ${type} is not for clients to send`)
    }
  }

  /** Hands the message to Hocuspocus and its hooks; resolves when they have finished. */
  async #pass(incoming: Incoming): Promise<void> {
    this.#socket.passOn(incoming)
    await this.connection.waitForPendingMessages()
  }

  #sync(step: number, body: Buffer, incoming: Incoming): Promise<void> | undefined {
    if (step === SyncStep.step2) this.#handshake.clientAnswers()
    if (step === SyncStep.step2 || step === SyncStep.update) {
      if (!this.#accepts(step, body)) {
        if (step === SyncStep.step2) this.#handshake.forgive()
        return undefined
      }
    } else if (step !== SyncStep.step1) {
      throw new CodraftError('CODRAFT_MESSAGE_MALFORMED', `sync step ${step} does not exist`)
    }
    if (step === SyncStep.step1) {
      if (!this.#handshake.hasAsked && !isEmptyStateVector(body)) this.#socket.returned()
      this.#handshake.clientAsks(body)
    }
    if (this.#services.everySyncMessageSeen) return this.#pass(incoming)
    if (step === SyncStep.step1) this.#fanout.whenShown(() => this.#answer(body))
    else this.#apply(body)
    return undefined
  }

  #answer(vector: Buffer): void {
    if (this.connection.document.isDestroyed) return
    if (isEmptyStateVector(vector)) {
      this.#socket.queue(this.#fanout.wholeState(this.address))
      return
    }
    let difference: Uint8Array
    try {
      difference = this.#fanout.difference(vector)
    } catch (cause) {
      this.#socket.fail(new CodraftError('CODRAFT_MESSAGE_MALFORMED', 'bad state vector', { cause }))
      return
    }
    this.send(step2Message(difference), step1Message(this.#fanout.stateVector()))
  }

  /** Whether an update may be applied; when not, the client has been answered. */
  #accepts(step: number, update: Buffer): boolean {
    const { settings, metrics } = this.#services
    const { document, readOnly } = this.connection
    if (isEmptyUpdate(update)) {
      this.acknowledge()
      return false
    }
    const limits = step === SyncStep.step2 ? settings.syncLimits : settings.updateLimits
    const verdict = checkUpdate(document, update, limits)
    if (!verdict.ok && verdict.action === 'reject') {
      throw new CodraftError('CODRAFT_UPDATE_REJECTED', verdict.reason)
    }
    if (step === SyncStep.update && this.#handshake.covers(update)) return false
    if (readOnly) {
      if (containsUpdate(document, update)) this.acknowledge()
      else {
        metrics.rejected('read-only')
        if (this.#socket.protocol.acknowledges) this.send(refusedMessage)
      }
      return false
    }
    if (!verdict.ok) {
      // When it is the client's answer that has the gap, the client lacks the same, and would answer so without end.
      if (step === SyncStep.update) this.#fillGap()
      else metrics.resynchronised()
      return false
    }
    if (!this.#services.canAcceptEdits()) throw new CodraftError('CODRAFT_JOURNAL_UNAVAILABLE')
    return true
  }

  #apply(update: Buffer): void {
    const { document } = this.connection
    if (document.isDestroyed)
      throw new CodraftError('CODRAFT_DOCUMENT_UNAVAILABLE', 'the document was unloaded')
    // What Yjs has applied before it failed or was stopped went the way of every update: it is journaled and sent.
    let isWhole: boolean
    try {
      isWhole = applyUpdateWithin(document, update, this.#origin)
    } catch (cause) {
      throw new CodraftError('CODRAFT_UPDATE_REJECTED', 'Yjs cannot apply it', { cause })
    }
    if (!isWhole) throw new CodraftError('CODRAFT_UPDATE_REJECTED', 'takes too long to apply')
    this.#services.metrics.updateApplied(update.length)
    if (document.store.pendingStructs ?? document.store.pendingDs) this.#fillGap()
    else this.acknowledge()
  }

  #awareness(update: Buffer): Promise<void> | undefined {
    const identity = this.#services.identityOf(this.connection.context)
    const entries: AwarenessEntry[] = []
    for (const entry of decodeAwareness(update, this.#services.settings.maxAwarenessBytes)) {
      if (!this.#speaksFor(entry, identity?.userId)) continue
      const { clientId, clock, state } = entry
      entries.push(state && identity ? { clientId, clock, state: stampIdentity(state, identity) } : entry)
    }
    if (entries.length === 0) return undefined
    if (!this.#services.everyAwarenessSeen) {
      applyAwarenessUpdate(this.connection.document.awareness, encodeAwareness(entries), this.#origin)
      return undefined
    }
    return this.#awarenessWithHook(entries)
  }

  /** Hooks may change or remove states, but see no client that leaves: its removal is not theirs to keep back. */
  async #awarenessWithHook(entries: readonly AwarenessEntry[]): Promise<void> {
    const { document } = this.connection
    const states = new Map(entries.flatMap(({ clientId, state }) => (state ? [[clientId, state]] : [])))
    try {
      await document.callbacks.beforeHandleAwareness(document, states, this.#origin)
    } catch (error) {
      this.#socket.fail(error)
      return
    }
    const kept = entries.flatMap((entry) => {
      const state = states.get(entry.clientId)
      return entry.state && !state ? [] : [{ ...entry, state }]
    })
    applyAwarenessUpdate(document.awareness, encodeAwareness(kept), this.#origin)
  }

  /**
   * Whether this connection may set the state of a client. A y-websocket client repeats the states that it has
   * received: those are passed over. A newer state for the client of another user is a forgery.
   *
   * @throws {CodraftError} CODRAFT_IDENTITY_FORGED, CODRAFT_AWARENESS_REJECTED
   */
  #speaksFor({ clientId, clock, state }: AwarenessEntry, userId: string | undefined): boolean {
    if (this.#clients?.has(clientId)) {
      if (!state) this.#clients.delete(clientId)
      return true
    }
    const { document } = this.connection
    const { awareness } = document
    const owner = userOf(awareness.states.get(clientId))
    if (owner !== undefined && owner !== userId) {
      if (!state || clock <= (awareness.meta.get(clientId)?.clock ?? 0)) return false
      throw new CodraftError('CODRAFT_IDENTITY_FORGED')
    }
    if (!state) return true
    if ((this.#clients?.size ?? 0) >= maxClientsPerChannel)
      throw new CodraftError('CODRAFT_AWARENESS_REJECTED', 'too many clients')
    this.#claim(clientId)
    return true
  }

  /** After a reconnect the earlier connection may still be open: it must not take the cursor along when it closes. */
  #claim(clientId: number): void {
    const { document } = this.connection
    for (const [connection, channel] of this.#fanout.channels) {
      if (!channel.#clients?.delete(clientId)) continue
      document.getClients(connection).delete(clientId)
    }
    this.#clients ??= new Set()
    this.#clients.add(clientId)
    document.getClients(this.connection).add(clientId)
  }
}
