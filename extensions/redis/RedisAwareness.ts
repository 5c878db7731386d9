import type { Document, Extension, onLoadDocumentPayload } from '@hocuspocus/server'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import { isRelayed, relayOrigin } from '../transaction-origin.ts'
import type { InstanceRegistry } from './InstanceRegistry.ts'
import type { RedisChannels } from './RedisChannels.ts'
import type { RedisConnection } from './RedisConnection.ts'
import { instanceTagLength } from './relay-message.ts'

export interface RedisAwarenessOptions {
  readonly connection: RedisConnection
  readonly channels: RedisChannels
  readonly registry: InstanceRegistry
  /**
   * Cursors are announced once in this time, ms.
   * @default 40
   */
  readonly windowMs?: number
}

interface AwarenessChange {
  readonly added: readonly number[]
  readonly updated: readonly number[]
  readonly removed: readonly number[]
}

interface SharedAwareness {
  readonly documentName: string
  /** Clients that another instance speaks for, and which one. */
  readonly remote: Map<number, string>
  readonly changed: Set<number>
  timer: NodeJS.Timeout | undefined
  lastSentAt: number
}

/** A message without an update asks the others for the cursors of their clients. */
const question = ''

/**
 * Shares cursors and selections between instances. What is lost on the way is repaired by the next movement, at the
 * latest after 15 s, when clients repeat their state; those of an instance that died are removed.
 */
export class RedisAwareness implements Extension {
  readonly extensionName = 'RedisAwareness'
  readonly #options: RedisAwarenessOptions
  readonly #documents = new Map<Document, SharedAwareness>()

  constructor(options: RedisAwarenessOptions) {
    this.#options = options
    options.registry.onGone((instance) => this.#gone(instance))
    options.channels.onResumed(() => {
      for (const shared of this.#documents.values()) this.#send(shared, Buffer.from(question))
    })
  }

  async onLoadDocument({ document, documentName }: onLoadDocumentPayload): Promise<void> {
    const { connection, channels } = this.#options
    const shared: SharedAwareness = {
      documentName,
      remote: new Map(),
      changed: new Set(),
      timer: undefined,
      lastSentAt: -Infinity,
    }
    const listeners = {
      [connection.keys.awareness(documentName)]: (message: Buffer): void =>
        this.#receive(document, shared, message),
    }
    this.#documents.set(document, shared)
    document.awareness.on('update', (change: AwarenessChange, origin: unknown) => {
      if (!isRelayed(origin)) this.#changed(document, shared, change)
    })
    document.once('destroy', () => {
      clearTimeout(shared.timer)
      this.#documents.delete(document)
      channels.unsubscribe(listeners)
    })
    // Nobody has to wait for the cursors of others.
    channels
      .subscribe(listeners)
      .then(() => this.#send(shared, Buffer.from(question)))
      .catch(() => undefined)
  }

  #changed(document: Document, shared: SharedAwareness, { added, updated, removed }: AwarenessChange): void {
    for (const client of [...added, ...updated]) {
      shared.changed.add(client)
      shared.remote.delete(client)
    }
    // A state that another instance keeps times out here, and lives on there.
    for (const client of removed) if (!shared.remote.delete(client)) shared.changed.add(client)
    if (shared.changed.size === 0 || shared.timer) return
    const { windowMs = 40 } = this.#options
    const waitMs = shared.lastSentAt + windowMs - performance.now()
    shared.timer = setTimeout(() => this.#flush(document, shared), Math.max(0, waitMs))
  }

  #flush(document: Document, shared: SharedAwareness): void {
    shared.timer = undefined
    shared.lastSentAt = performance.now()
    const clients = [...shared.changed].filter((client) => document.awareness.meta.has(client))
    shared.changed.clear()
    if (clients.length > 0) this.#send(shared, encodeAwarenessUpdate(document.awareness, clients))
  }

  #receive(document: Document, shared: SharedAwareness, message: Buffer): void {
    const sender = message.toString('latin1', 0, instanceTagLength)
    if (sender === this.#options.registry.instance) return
    const update = message.subarray(instanceTagLength)
    if (update.length === 0) {
      for (const client of document.awareness.states.keys())
        if (!shared.remote.has(client)) shared.changed.add(client)
      if (shared.changed.size > 0) shared.timer ??= setTimeout(() => this.#flush(document, shared))
      return
    }
    const note = ({ added, updated, removed }: AwarenessChange): void => {
      for (const client of [...added, ...updated]) shared.remote.set(client, sender)
      for (const client of removed) shared.remote.delete(client)
    }
    const { awareness } = document
    const isOwn = (client: number): boolean => awareness.states.has(client) && !shared.remote.has(client)
    awareness.on('update', note)
    applyAwarenessUpdate(awareness, withoutRemovals(update, isOwn), relayOrigin)
    awareness.off('update', note)
  }

  #send({ documentName }: SharedAwareness, update: Uint8Array): void {
    const { connection, registry } = this.#options
    const message = Buffer.concat([Buffer.from(registry.instance, 'latin1'), update])
    connection.commands.spublish(connection.keys.awareness(documentName), message).catch(() => undefined)
  }

  #gone(instance: string): void {
    for (const [document, { remote }] of this.#documents) {
      const clients = [...remote].filter(([, owner]) => owner === instance).map(([client]) => client)
      for (const client of clients) remote.delete(client)
      if (clients.length > 0) removeAwarenessStates(document.awareness, clients, relayOrigin)
    }
  }
}

/** A client that has moved here is still being removed where it was: that must not take its cursor away. */
const withoutRemovals = (update: Uint8Array, isKept: (client: number) => boolean): Uint8Array => {
  const decoder = decoding.createDecoder(update)
  const count = decoding.readVarUint(decoder)
  const entries = Array.from({ length: count }, () => ({
    client: decoding.readVarUint(decoder),
    clock: decoding.readVarUint(decoder),
    state: decoding.readVarString(decoder),
  }))
  const taken = entries.filter(({ client, state }) => state !== 'null' || !isKept(client))
  if (taken.length === count) return update
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, taken.length)
  for (const { client, clock, state } of taken) {
    encoding.writeVarUint(encoder, client)
    encoding.writeVarUint(encoder, clock)
    encoding.writeVarString(encoder, state)
  }
  return encoding.toUint8Array(encoder)
}
