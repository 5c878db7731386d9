import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { CodraftError } from '../../extensions/errors.ts'
import { textOf, type Op, type Ops } from '../../src/client/delta.ts'
import { Replica } from '../../src/client/Replica.ts'
import { Delta, normal } from '../../src/ot/delta.ts'
import { AppliedEdits } from '../../src/ot/AppliedEdits.ts'
import { OpSession, type Outgoing } from '../../src/ot/OpSession.ts'
import type { Participant } from '../../src/ot/Participant.ts'
import { BlockSource } from '../../src/ot/blocks/BlockSource.ts'
import type { Source } from '../../src/ot/Source.ts'
import { TextSource } from '../../src/ot/TextSource.ts'
import { randomSeed, seededRandom } from '../helpers/random.ts'

type Random = () => number
const below = (random: Random, end: number): number => Math.floor(random() * end)
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T

interface Kind {
  readonly emoji: boolean
  readonly rich: boolean
  /** Versions that the server remembers. */
  readonly log: number
  readonly reconnects: boolean
  /** A Tiptap document instead of a text. */
  readonly blocks?: boolean
  /** Nobody deletes, and each insert of a JSON client is one of a kind. */
  readonly marked?: boolean
}

const words = ['a', 'b', 'c', 'xyz', 'hello ', '\n', '\n\n']
const emoji = ['😀', '👩‍👩‍👧', 'é', '𝔘', '👋🏽']
const colors = [true, 'red', null]

/** One edit of a text, of any kind that an editor makes, never within a character. */
const randomEdit = (content: Ops, { emoji: astral, rich }: Kind, random: Random): Op[] => {
  const text = textOf(content)
  const whole = (index: number): number =>
    /[\udc00-\udfff]/.test(text.charAt(index)) && /[\ud800-\udbff]/.test(text.charAt(index - 1))
      ? index - 1
      : index
  const at = whole(below(random, text.length + 1))
  const end = whole(Math.min(text.length, at + 1 + below(random, 6)))
  const kind = random()
  if (kind > 0.9 && rich && end > at)
    return [
      { retain: at },
      { retain: end - at, attributes: { [pick(random, ['bold', 'color'])]: pick(random, colors) } },
    ]
  if (kind > 0.55 && end > at) return [{ retain: at }, { delete: end - at }]
  if (rich && random() < 0.1) return [{ retain: at }, { insert: { image: `${below(random, 9)}.png` } }]
  const insert = pick(random, astral && random() < 0.4 ? emoji : words)
  const attributes = rich && random() < 0.3 ? { bold: true } : undefined
  return [{ retain: at }, { insert, ...(attributes && { attributes }) }]
}

/** One edit of a Tiptap document. */
const randomBlockEdit = (content: Ops, kind: Kind, random: Random): Op[] => {
  const length = textOf(content).length
  if (random() < 0.7) {
    const ops = randomEdit(content, { ...kind, rich: false }, random)
    const [{ retain: at = 0 } = {}, { retain, delete: deleted } = {}] = ops
    if (deleted && random() < 0.3) return [{ retain: at }, { retain: deleted, attributes: { bold: true } }]
    return retain ? [] : ops
  }
  const text = textOf(content)
  const at = text.lastIndexOf('\n', below(random, length + 1)) + 1
  const end = text.indexOf('\n', at)
  const block = pick(random, [
    { block: 'heading', level: 2 },
    { block: 'paragraph' },
    { block: 'paragraph', in: 'bulletList/listItem' },
    { block: 'codeBlock' },
    { block: 'horizontalRule' },
  ])
  if (random() < 0.5)
    return [{ retain: at }, { insert: pick(random, words) }, { insert: '\n', attributes: block }]
  if (end < 0) return []
  if (random() < 0.5) return [{ retain: end }, { retain: 1, attributes: block }]
  return random() < 0.5
    ? [{ retain: end }, { insert: { hardBreak: {} } }]
    : [{ retain: at }, { delete: end + 1 - at }]
}

const sourceOf = (document: Y.Doc, isBlocks: boolean): Source =>
  isBlocks ? new BlockSource(document.getXmlFragment('default')) : new TextSource(document.getText('text'))

/** The server without sockets: a document, its JSON clients, and a journal that is behind. */
class Server {
  readonly document = new Y.Doc()
  readonly applied = new AppliedEdits()
  session: OpSession
  readonly #log: number
  #ticket = 0
  #durable = 0
  #epochs = 0

  readonly #isBlocks: boolean

  constructor({ log, blocks = false }: Kind) {
    this.#log = log
    this.#isBlocks = blocks
    this.document.on('update', () => {
      this.#ticket += 1
    })
    this.session = this.#open()
  }

  /** The session is opened anew, as after a crash. The journal knows the edits that were applied. */
  restart(clients: readonly JsonClient[]): void {
    this.session.close()
    for (const { userId, replica } of clients) {
      const opId = replica.sent?.id
      if (opId && this.session.isApplied(userId, opId)) this.applied.add(userId, opId)
    }
    this.#durable = this.#ticket
    this.session = this.#open()
  }

  commit(): void {
    this.#durable = this.#ticket
  }

  source(): Source {
    return sourceOf(this.document, this.#isBlocks)
  }

  #open(): OpSession {
    return new OpSession({
      source: this.source(),
      epoch: `epoch ${(this.#epochs += 1)}`,
      applied: this.applied,
      userIdOf: (origin) => (typeof origin === 'string' ? origin : ''),
      ticket: () => this.#ticket,
      isDurable: (ticket) => ticket <= this.#durable,
      onOutgoing: () => undefined,
      limits: { maxEntries: this.#log, maxSize: 1e6 },
    })
  }
}

/** A JSON client on a slow line. */
class JsonClient {
  readonly userId: string
  readonly replica: Replica
  #server: Server
  #participant: Participant | undefined
  #epoch: string | undefined
  #nextEpoch: string | undefined
  #toServer: { id: string; version: number; ops: Ops }[] = []
  #toClient: Outgoing[] = []
  #ids = 0
  isJoined = false

  constructor(server: Server, userId: string, tab: number) {
    this.#server = server
    this.userId = userId
    this.replica = new Replica(userId, () => `${tab}:${(this.#ids += 1)}`)
  }

  get isIdle(): boolean {
    return this.#toServer.length === 0 && this.#toClient.length === 0
  }

  /** What was under way is lost. */
  reconnect(): void {
    if (this.#participant) this.#server.session.leave(this.#participant)
    this.#toServer = []
    this.#toClient = []
    this.isJoined = false
    const { sent, version } = this.replica
    this.#participant = this.#server.session.join({
      userId: this.userId,
      units: 'utf16',
      epoch: this.#epoch,
      version: version < 0 ? undefined : version,
      pending: sent ? [sent.id] : [],
    })
    this.#nextEpoch = this.#server.session.options.epoch
  }

  edit(ops: Ops): void {
    this.replica.edit(ops)
    this.send()
  }

  send(): void {
    if (!this.isJoined) return
    const next = this.replica.next()
    if (next) this.#toServer.push({ ...next, version: this.replica.version })
  }

  /** The server handles one message. */
  serve(): void {
    const message = this.#toServer.shift()
    if (!message || !this.#participant) return
    try {
      this.#participant.submit({ ...message, origin: this.userId })
    } catch (error) {
      // The content follows, and the client sends the edit again on it.
      if (!(error instanceof CodraftError) || error.errorCode !== 'CODRAFT_VERSION_UNKNOWN') throw error
    }
  }

  /** The server sends what it may. */
  pump(): void {
    for (let next = this.#participant?.next(); next; next = this.#participant?.next())
      this.#toClient.push(next)
  }

  /** The client handles one message. */
  receive(): void {
    const message = this.#toClient.shift()
    if (!message) return
    if (message.type === 'ack') this.replica.acknowledged(message.version)
    else if (message.type === 'remote_edit')
      this.replica.received(message.ops as Ops, message.userId, message.version)
    else {
      if (message.type === 'content') this.replica.joined(message as never)
      else if (message.applied.length > 0) this.replica.acknowledged(message.version)
      this.isJoined = true
      this.#epoch = this.#nextEpoch
      const { sent, version } = this.replica
      if (sent) this.#toServer.push({ ...sent, version })
    }
    this.send()
  }
}

/** A Yjs client on a slow line. */
class YjsClient {
  readonly document = new Y.Doc()
  readonly #server: Server
  #toServer: Uint8Array[] = []
  #toClient: Uint8Array[] = []

  constructor(server: Server, name: string) {
    this.#server = server
    this.document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'net') this.#toServer.push(update)
    })
    server.document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== name) this.#toClient.push(update)
    })
    this.name = name
  }

  readonly name: string

  get isIdle(): boolean {
    return this.#toServer.length === 0 && this.#toClient.length === 0
  }

  edit(kind: Kind, random: Random): void {
    if (kind.blocks) {
      const source = sourceOf(this.document, true)
      source.apply(normal(randomBlockEdit(source.content().ops as Ops, kind, random)), 'local')
      return
    }
    const text = this.document.getText('text')
    text.applyDelta(randomEdit(text.toDelta() as Op[], kind, random))
  }

  serve(): void {
    const update = this.#toServer.shift()
    if (update) Y.applyUpdate(this.#server.document, update, this.name)
  }

  receive(): void {
    const update = this.#toClient.shift()
    if (update) Y.applyUpdate(this.document, update, 'net')
  }
}

const canonical = (ops: Ops): unknown => normal(new Delta(ops as never).ops).ops

const run = (seed: number, kind: Kind, steps: number): void => {
  const random = seededRandom(seed)
  const server = new Server(kind)
  server.source().apply(new Delta().insert('The quick brown fox'), 'start')
  // The third is the first user again, in another tab.
  const json = ['m', 'c', 'm'].map((userId, tab) => new JsonClient(server, userId, tab))
  const yjs = ['a', 'x'].map((name) => new YjsClient(server, name))
  for (const client of yjs) Y.applyUpdate(client.document, Y.encodeStateAsUpdate(server.document), 'net')
  for (const client of json) client.reconnect()
  let markers = 0

  for (let step = 0; step < steps; step++) {
    const action = random()
    const client = pick(random, json)
    const other = pick(random, yjs)
    if (action < 0.25) {
      const marker = `<${(markers += 1)}>`
      client.edit(
        kind.marked
          ? [{ retain: below(random, textOf(client.replica.content).length + 1) }, { insert: marker }]
          : (kind.blocks ? randomBlockEdit : randomEdit)(client.replica.content, kind, random),
      )
    } else if (action < 0.38) {
      if (kind.marked) other.document.getText('text').insert(0, '.')
      else other.edit(kind, random)
    } else if (action < 0.5) client.serve()
    else if (action < 0.6) client.pump()
    else if (action < 0.75) client.receive()
    else if (action < 0.85) other.serve()
    else if (action < 0.93) other.receive()
    else if (action < 0.97) server.commit()
    else if (kind.reconnects) {
      if (random() < 0.2) {
        server.restart(json)
        for (const each of json) each.reconnect()
      } else {
        // The server may read what it had received before it sees that the client has gone.
        if (random() < 0.5) client.serve()
        client.reconnect()
      }
    }
  }
  for (let round = 0; round < 10_000; round++) {
    server.commit()
    for (const client of json) {
      client.serve()
      client.pump()
      client.receive()
    }
    for (const client of yjs) {
      client.serve()
      client.receive()
    }
    if (
      json.every((client) => client.isIdle && !client.replica.hasEdits) &&
      yjs.every(({ isIdle }) => isIdle)
    )
      break
  }
  const content = server.source().content().ops as Ops
  const text = textOf(content)
  const expected = canonical(content)
  for (const client of yjs) {
    expect(canonical(sourceOf(client.document, kind.blocks === true).content().ops as Ops)).toEqual(expected)
  }
  for (const client of json) expect(canonical(client.replica.content)).toEqual(expected)
  if (kind.marked) expect(text.match(/>/g) ?? []).toHaveLength(markers)
  expect(text).toSatisfy((value: string) => value.isWellFormed() && !value.includes('\ufffd'))
}

const seed = randomSeed()
const kinds: Record<string, Kind> = {
  'plain text': { emoji: false, rich: false, log: 1e4, reconnects: false },
  'emoji, rich text and embeds': { emoji: true, rich: true, log: 1e4, reconnects: false },
  reconnects: { emoji: true, rich: true, log: 1e4, reconnects: true },
  'a short log': { emoji: true, rich: true, log: 8, reconnects: true },
  'Tiptap documents': { emoji: true, rich: true, log: 1e4, reconnects: true, blocks: true },
  'each edit once': { emoji: false, rich: false, log: 30, reconnects: true, marked: true },
}

it.each(Object.entries(kinds))(`3 JSON clients and 2 Yjs clients converge: %s (seed ${seed})`, (_, kind) => {
  for (let i = 0; i < 100; i++) {
    try {
      run(seed + i, kind, 400)
    } catch (error) {
      throw new Error(`CODRAFT_SEED=${seed + i}`, { cause: error })
    }
  }
})
