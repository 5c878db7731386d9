import type { Connection, Document } from '@hocuspocus/server'
import { encodeAwarenessUpdate } from 'y-protocols/awareness'
import { encodeStateAsUpdate, encodeStateVector, mergeUpdates } from 'yjs'
import type { Channel } from './Channel.ts'
import type { Flushable } from './FlushScheduler.ts'
import { HeldUpdates } from './HeldUpdates.ts'
import type { TransportServices } from './services.ts'
import {
  awarenessMessage,
  frameMessages,
  savedMessage,
  step1Message,
  step2Message,
  updateMessage,
  type Message,
} from './wire.ts'

/** The bytes before each message to some readers of a document, and frames that they share. */
export interface Address {
  readonly prefix: Buffer
  readonly saved: Buffer
}

/** The whole state, framed for one address, while the document stays as it is. */
interface StateFrames {
  readonly address: Address
  readonly frames: Buffer
  readonly madeAt: number
}

const stateFramesLifetimeMs = 10_000

/** Whether its client may send this edit again, under its id. */
const isRepeatable = (origin: unknown): boolean =>
  typeof origin === 'object' && origin !== null && 'opId' in origin

/** A document that has sent nothing for this many windows is quiet. */
const quietWindows = 2

/** Merging takes longer than a reader needs for the updates one by one when they are many or large. */
const maxMergedBytes = 64 * 1024
const maxMergedUpdates = 200

/** Readers apply one update with less work than several: an editor renders once. */
const mergedWhereSmall = (updates: Uint8Array[]): Uint8Array[] => {
  const bytes = updates.reduce((sum, update) => sum + update.length, 0)
  const isSmall = updates.length <= maxMergedUpdates && bytes <= maxMergedBytes
  return updates.length > 1 && isSmall ? [mergeUpdates(updates)] : updates
}

/**
 * Everything that leaves one document for its readers. What changes within a window is framed once and the same
 * buffer goes to every reader; the window is 0 while the document is quiet and grows with the number of readers.
 */
export class DocumentFanout implements Flushable {
  readonly document: Document
  /** Readers that get what changes. */
  readonly channels = new Map<Connection, Channel>()
  dueAt = 0
  readonly #services: TransportServices
  readonly #held: HeldUpdates
  readonly #addresses = new Map<string, Address>()
  #queued = false
  #lastFlushAt = -Infinity
  #updates: Uint8Array[] = []
  /** When the first of them was taken. */
  #updatesSince = 0
  /** Author of all gathered updates; null when there are several, or when it is not a client. */
  #author: Channel | null = null
  #awarenessClients = new Set<number>()
  #stateFrames: StateFrames | undefined
  #vector: Uint8Array | undefined

  constructor(document: Document, services: TransportServices) {
    this.document = document
    this.#services = services
    this.#held = new HeldUpdates(
      (run) => services.ackGate.whenDurable(services.ticketOf(document), run),
      (updates) => this.#gather(updates, null),
    )
    document.on('update', (update: Uint8Array, origin: unknown) => this.#updated(update, origin))
  }

  /** One object for all readers with the same prefix, so that they share frames. */
  address(prefix: Buffer): Address {
    const key = prefix.toString('latin1')
    let address = this.#addresses.get(key)
    if (!address) {
      address = { prefix, saved: frameMessages(prefix, [savedMessage]) }
      this.#addresses.set(key, address)
    }
    return address
  }

  /** Frees the cached state of a document that nobody has joined for a while. */
  sweep(now: number): void {
    if (this.#stateFrames && now - this.#stateFrames.madeAt > stateFramesLifetimeMs)
      this.#stateFrames = undefined
    if (this.channels.size === 0) this.#addresses.clear()
  }

  stateVector(): Uint8Array {
    this.#vector ??= encodeStateVector(this.document)
    return this.#vector
  }

  /** Step 2 with the whole document, then step 1: the answer to a client that has nothing yet. */
  wholeState(address: Address): Buffer {
    if (this.#stateFrames?.address !== address) {
      const messages = [step2Message(encodeStateAsUpdate(this.document)), step1Message(this.stateVector())]
      const madeAt = performance.now()
      this.#stateFrames = { address, frames: frameMessages(address.prefix, messages), madeAt }
    }
    return this.#stateFrames.frames
  }

  /** What a reader that has `vector` lacks. */
  difference(vector: Uint8Array): Uint8Array {
    return encodeStateAsUpdate(this.document, vector)
  }

  awarenessOfAll(): Message | undefined {
    const { awareness } = this.document
    if (awareness.states.size === 0) return undefined
    return awarenessMessage(encodeAwarenessUpdate(awareness, [...awareness.states.keys()]))
  }

  awarenessChanged(clients: readonly number[]): void {
    for (const client of clients) this.#awarenessClients.add(client)
    this.#schedule(this.#services.settings.awarenessWindowMs)
  }

  /** Calls `run` when all of the document may be sent: now, or soon. */
  whenShown(run: () => void): void {
    this.#held.whenEmpty(run)
  }

  flush(now: number): void {
    this.#queued = false
    this.#lastFlushAt = now
    const hasUpdates = this.#updates.length > 0
    const messages: Message[] = mergedWhereSmall(this.#updates).map(updateMessage)
    const author = this.#awarenessClients.size === 0 ? this.#author : null
    this.#updates = []
    this.#author = null
    if (this.#awarenessClients.size > 0) {
      const clients = [...this.#awarenessClients]
      this.#awarenessClients.clear()
      messages.push(awarenessMessage(encodeAwarenessUpdate(this.document.awareness, clients)))
    }
    this.#send(messages, author)
    if (hasUpdates && this.channels.size > (author === null ? 0 : 1))
      this.#services.metrics.delivered(performance.now() - this.#updatesSince)
  }

  #updated(update: Uint8Array, origin: unknown): void {
    this.#stateFrames = undefined
    this.#vector = undefined
    if (!this.#held.isEmpty || isRepeatable(origin)) this.#held.add(update)
    else this.#gather([update], this.#channelOf(origin))
  }

  #gather(updates: readonly Uint8Array[], author: Channel | null): void {
    if (this.channels.size === 0) return
    if (this.#updates.length === 0) {
      this.#author = author
      this.#updatesSince = performance.now()
    } else if (this.#author !== author) this.#author = null
    this.#updates.push(...updates)
    const { flushMaxMs, flushMsPerReader } = this.#services.settings
    this.#schedule(Math.min(flushMaxMs, this.channels.size * flushMsPerReader))
  }

  #channelOf(origin: unknown): Channel | null {
    if (typeof origin !== 'object' || origin === null || !('connection' in origin)) return null
    return this.channels.get(origin.connection as Connection) ?? null
  }

  #schedule(windowMs: number): void {
    const now = performance.now()
    const isQuiet = now - this.#lastFlushAt > quietWindows * windowMs
    const dueAt = isQuiet ? now : now + windowMs
    const { scheduler } = this.#services
    if (!this.#queued) {
      this.#queued = true
      this.dueAt = dueAt
      scheduler.schedule(this, now)
    } else if (dueAt < this.dueAt) {
      this.dueAt = dueAt
      scheduler.hasten(this, now)
    }
  }

  #send(messages: readonly Message[], except: Channel | null): void {
    if (messages.length === 0) return
    const framed = new Map<Address, Buffer>()
    for (const channel of this.channels.values()) {
      if (channel === except || channel.isBehind) continue
      let frames = framed.get(channel.address)
      if (!frames) {
        frames = frameMessages(channel.address.prefix, messages)
        framed.set(channel.address, frames)
      }
      channel.broadcast(frames)
    }
    this.#services.metrics.messagesOut(messages.length * this.channels.size)
  }
}
