import { crc32 } from 'node:zlib'
import { CodraftError } from '../errors.ts'
import { AppendQueue, type AppendBatch } from '../journal/AppendQueue.ts'
import type {
  CommitReport,
  DurabilityLevel,
  EditOrigin,
  Journal,
  JournalRecord,
  JournalStatus,
  JournalTail,
  Position,
  Ticket,
} from '../journal/Journal.ts'
import { decodeRecord, encodeRecord, type RecordContent } from '../journal/record.ts'
import { readDurability, type RedisDurability } from './durability.ts'
import type { RedisConnection } from './RedisConnection.ts'
import { RedisScript } from './RedisScript.ts'

export interface RedisJournalOptions {
  readonly connection: RedisConnection
  /** Eight characters that name this instance in what it announces. */
  readonly instance: string
  /**
   * Under load, updates are gathered this long for one write; a write starts at once when the last one started
   * longer ago.
   * @default 10
   */
  readonly gatherMs?: number
  /**
   * How many replicas must have received an append before it counts as durable (Redis' WAIT).
   * @default 0
   */
  readonly replicas?: number
  /** Called after each commit. */
  readonly onCommit?: (report: CommitReport) => void
  /** Called at the start and when the settings of Redis have changed over a reconnect. */
  readonly onDurability?: (durability: RedisDurability) => void
}

/** A larger record is announced without its content; readers take it from the stream. */
const maxAnnouncedBytes = 64 * 1024
/** Documents in one call of the script, which Redis runs without interruption. */
const maxDocumentsPerCall = 256
const recordsPerRead = 500
const keysPerScan = 1_000
const replicaWaitMs = 2_000
/** Documents whose highest known position is remembered. */
const maxKnownPositions = 50_000

/** Takes the place of the stream of an erased document: a text, so that Redis refuses every XADD to it. */
const tombstone = 'erased'

/**
 * Appends one record to each stream and announces it on the channel of the same name. Positions are contiguous, so a
 * reader sees that it missed one. The second argument is the highest position that this instance knows of: when
 * Redis has lost the end of a stream, its number must not be given again, or a snapshot that includes the lost
 * record would seem to include the new one. The position is negative then, and 0 when the document has been erased.
 */
const appendScript = new RedisScript(`
local announced = tonumber(ARGV[2])
local positions = {}
for i, key in ipairs(KEYS) do
  local known, body = ARGV[2 * i + 1], ARGV[2 * i + 2]
  local id = redis.pcall('XADD', key, '0-*', 'u', body)
  if type(id) == 'table' then
    if not string.find(id.err, 'WRONGTYPE', 1, true) then return id end
    positions[i] = 0
  else
  local lost = tonumber(string.sub(id, 3)) <= tonumber(known)
  if lost then
    redis.call('XDEL', key, id)
    redis.call('XSETID', key, '0-' .. known)
    id = redis.call('XADD', key, '0-*', 'u', body)
  end
  local position = string.sub(id, 3)
  local content = ''
  if #body <= announced then content = body end
  redis.call('SPUBLISH', key, ARGV[1] .. position .. ':' .. content)
  positions[i] = lost and -tonumber(position) or tonumber(position)
  end
end
return positions
`)

/** The last position given in each stream, 0 for a stream that does not exist, and the first one that is left. */
const boundsScript = new RedisScript(`
local bounds = {}
for i, key in ipairs(KEYS) do
  local last, first = '0-0', '0-0'
  if redis.call('TYPE', key).ok == 'stream' then
    local info = redis.call('XINFO', 'STREAM', key)
    for j = 1, #info, 2 do
      if info[j] == 'last-generated-id' then last = info[j + 1] end
      if info[j] == 'first-entry' and info[j + 1] then first = info[j + 1][1] end
    end
  end
  bounds[2 * i - 1] = tonumber(string.sub(last, 3))
  bounds[2 * i] = tonumber(string.sub(first, 3))
end
return bounds
`)

/** Makes a stream give positions above ARGV[1] only. */
const raiseScript = new RedisScript(`
local id = '0-' .. ARGV[1]
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XADD', KEYS[1], id, 'u', '')
  redis.call('XDEL', KEYS[1], id)
else
  local last = redis.call('XINFO', 'STREAM', KEYS[1])
  for j = 1, #last, 2 do
    if last[j] == 'last-generated-id' and tonumber(string.sub(last[j + 1], 3)) < tonumber(ARGV[1]) then
      redis.call('XSETID', KEYS[1], id)
    end
  end
end
`)

/**
 * Journal in Redis: one stream for each document. The answer to an append is what makes it durable, as far as Redis
 * keeps what it has answered, see {@link durability}. The same call announces the record to the other instances.
 */
export class RedisJournal implements Journal {
  readonly id: string
  readonly #options: RedisJournalOptions
  readonly #queue: AppendQueue
  /** Highest positions that this instance has met, the latest at the end. */
  readonly #known = new Map<string, Position>()
  readonly #lossListeners = new Set<(documentName: string) => void>()
  readonly #erasedListeners = new Set<(documentName: string) => void>()
  #durability: RedisDurability = { level: 'memory' }

  private constructor(options: RedisJournalOptions) {
    this.#options = options
    // Not a random one: a Redis that has lost its data goes on above every position that anybody remembers.
    this.id = `redis:${options.connection.prefix}`
    this.#queue = new AppendQueue({
      gatherMs: options.gatherMs ?? 10,
      write: (batch) => this.#write(batch),
      onCommit: options.onCommit,
    })
  }

  static async open(options: RedisJournalOptions): Promise<RedisJournal> {
    const journal = new RedisJournal(options)
    await journal.#readDurability()
    options.connection.commands.on('ready', journal.#reconnected)
    return journal
  }

  get durability(): DurabilityLevel {
    return this.#durability.level
  }

  /** Why {@link durability} is less than an acknowledgement should promise; undefined when it is not. */
  get durabilityWarning(): string | undefined {
    return this.#durability.warning
  }

  get status(): JournalStatus {
    return this.#queue.status
  }

  get durableTicket(): Ticket {
    return this.#queue.durableTicket
  }

  append(documentName: string, update: Uint8Array, origin?: EditOrigin): Ticket {
    return this.#queue.append(documentName, update, origin)
  }

  onDurable(listener: (durableTicket: Ticket) => void): () => void {
    return this.#queue.onDurable(listener)
  }

  onStatus(listener: (status: JournalStatus) => void): () => void {
    return this.#queue.onStatus(listener)
  }

  whenDurable(ticket: Ticket): Promise<void> {
    return this.#queue.whenDurable(ticket)
  }

  /**
   * Calls `listener` when Redis turns out to have lost records of a document that this instance knows of, after a
   * failover or a crash. What of them is still in memory can be appended again.
   */
  onLoss(listener: (documentName: string) => void): () => void {
    this.#lossListeners.add(listener)
    return () => this.#lossListeners.delete(listener)
  }

  async read(documentName: string, after: Position = 0): Promise<JournalRecord[]> {
    const { keys } = this.#options.connection
    const key = keys.edits(documentName)
    const records: JournalRecord[] = []
    for (let from = after + 1; ;) {
      const entries = await this.#entries(key, from).catch((error: unknown) => {
        throw isTombstone(error) ? new CodraftError('CODRAFT_DOCUMENT_ERASED', documentName) : error
      })
      for (const [id, [, body]] of entries) {
        const position = positionOf(id)
        records.push({ position, ...decodeBody(documentName, position, body) })
        from = position + 1
      }
      if (entries.length < recordsPerRead) break
    }
    if (records[0]?.position !== after + 1) await this.#checkTrimmed(documentName, key, after)
    this.seen(documentName, records.at(-1)?.position ?? after)
    return records
  }

  async trim(documentName: string, upTo: Position): Promise<void> {
    const { commands, keys } = this.#options.connection
    const first = upTo === Number.MAX_SAFE_INTEGER ? upTo : upTo + 1
    await commands.xtrim(keys.edits(documentName), 'MINID', `0-${first}`).catch((error: unknown) => {
      if (!isTombstone(error)) throw error
    })
  }

  /** Redis' append-only file keeps the records until it is rewritten, which this asks for. */
  async erase(documentName: string): Promise<void> {
    const { commands, keys, nodes } = this.#options.connection
    await commands.set(keys.edits(documentName), tombstone)
    this.#known.delete(documentName)
    // Managed services refuse it, and rewrite by themselves.
    await Promise.allSettled(nodes.map((node) => node.bgrewriteaof()))
  }

  onErased(listener: (documentName: string) => void): () => void {
    this.#erasedListeners.add(listener)
    return () => this.#erasedListeners.delete(listener)
  }

  async tails(): Promise<JournalTail[]> {
    const found = await Promise.all(this.#options.connection.nodes.map((node) => this.#tailsOf(node)))
    return found.flat()
  }

  /** The last position given in each document. */
  async positions(documentNames: readonly string[]): Promise<Position[]> {
    const bounds = await this.#bounds(documentNames)
    return bounds.map(({ last }) => last)
  }

  async close(): Promise<void> {
    const error = await this.#queue.close()
    this.#options.connection.commands.off('ready', this.#reconnected)
    if (error)
      throw new CodraftError('CODRAFT_JOURNAL_UNAVAILABLE', `edits could not be written at the end: ${error}`)
  }

  readonly #reconnected = (): void => {
    this.#queue.retryNow()
    this.#readDurability().catch(() => undefined)
  }

  async #readDurability(): Promise<void> {
    const { connection, replicas = 0, onDurability } = this.#options
    const before = this.#durability
    this.#durability = await readDurability(connection, replicas)
    const { level, warning } = this.#durability
    if (before.level !== level || before.warning !== warning) onDurability?.(this.#durability)
  }

  async #write(batch: AppendBatch): Promise<void> {
    // A cluster takes documents of one slot only in one call.
    const size = this.#options.connection.isCluster ? 1 : maxDocumentsPerCall
    const names = [...batch.keys()]
    const calls: Promise<void>[] = []
    for (let i = 0; i < names.length; i += size) calls.push(this.#append(batch, names.slice(i, i + size)))
    const failed = (await Promise.allSettled(calls)).find((call) => call.status === 'rejected')
    if (failed) throw failed.reason
  }

  async #append(batch: AppendBatch, names: readonly string[]): Promise<void> {
    const { connection, instance, replicas = 0 } = this.#options
    const keys = names.map((name) => connection.keys.edits(name))
    const args: (string | Buffer)[] = [instance, String(maxAnnouncedBytes)]
    for (const name of names)
      args.push(String(this.#known.get(name) ?? 0), encodeBody(batch.get(name) as RecordContent))
    const positions = (
      replicas === 0
        ? await appendScript.run(connection, keys, args)
        : await appendScript.runReplicated(connection, { replicas, waitMs: replicaWaitMs }, keys, args)
    ) as number[]
    names.forEach((name, i) => {
      const position = positions[i] as number
      batch.delete(name)
      if (position === 0) {
        for (const listener of this.#erasedListeners) listener(name)
        return
      }
      this.seen(name, Math.abs(position))
      if (position < 0) for (const listener of this.#lossListeners) listener(name)
    })
  }

  /** A record up to `position` exists, whatever Redis may say later. */
  seen(documentName: string, position: Position): void {
    const known = this.#known.get(documentName) ?? 0
    this.#known.delete(documentName)
    this.#known.set(documentName, Math.max(known, position))
    if (this.#known.size <= maxKnownPositions) return
    const [oldest] = this.#known.keys()
    this.#known.delete(oldest as string)
  }

  #entries(key: string, from: Position): Promise<StreamEntry[]> {
    const { commands } = this.#options.connection
    const range = commands.xrangeBuffer(key, `0-${from}`, '+', 'COUNT', recordsPerRead)
    return range as unknown as Promise<StreamEntry[]>
  }

  /** What follows `after` is not there: it was trimmed, or was lost, or was never written. */
  async #checkTrimmed(documentName: string, key: string, after: Position): Promise<void> {
    const [bounds] = await this.#bounds([documentName])
    const { first, last } = bounds as StreamBounds
    if (last < after) {
      await raiseScript.run(this.#options.connection, [key], [String(after)])
      for (const listener of this.#lossListeners) listener(documentName)
      return
    }
    const trimmed = first === 0 ? last : first - 1
    if (after < trimmed)
      throw new CodraftError(
        'CODRAFT_JOURNAL_TRIMMED',
        `${documentName}: read from ${after}, but trimmed up to ${trimmed}`,
      )
  }

  async #bounds(documentNames: readonly string[]): Promise<StreamBounds[]> {
    const { connection } = this.#options
    const size = connection.isCluster ? 1 : maxDocumentsPerCall
    const calls: Promise<unknown>[] = []
    for (let i = 0; i < documentNames.length; i += size) {
      const names = documentNames.slice(i, i + size)
      calls.push(
        boundsScript.run(
          connection,
          names.map((name) => connection.keys.edits(name)),
          [],
        ),
      )
    }
    const flat = ((await Promise.all(calls)) as number[][]).flat()
    return documentNames.map((_, i) => ({ last: flat[2 * i] as number, first: flat[2 * i + 1] as number }))
  }

  async #tailsOf(node: RedisConnection['nodes'][number]): Promise<JournalTail[]> {
    const { keys } = this.#options.connection
    const tails: JournalTail[] = []
    let cursor = '0'
    do {
      const [next, found] = await node.scan(
        cursor,
        'MATCH',
        keys.allEdits,
        'COUNT',
        keysPerScan,
        'TYPE',
        'stream',
      )
      cursor = next
      for (const key of new Set(found)) {
        const records = await node.xlen(key)
        if (records === 0) continue
        const bytes = Number(await node.memory('USAGE', key, 'SAMPLES', 0))
        tails.push({ documentName: keys.documentOfEdits(key), records, bytes })
      }
    } while (cursor !== '0')
    return tails
  }
}

interface StreamBounds {
  readonly last: Position
  /** 0 = the stream is empty. */
  readonly first: Position
}

type StreamEntry = readonly [id: Buffer, fields: readonly [name: Buffer, body: Buffer]]

const positionOf = (id: Buffer): Position => Number(id.toString('latin1', 2))

const isTombstone = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('WRONGTYPE')

const checksumBytes = 4

const encodeBody = (content: RecordContent): Buffer => {
  const body = encodeRecord(content)
  const buffer = Buffer.allocUnsafe(checksumBytes + body.length)
  buffer.writeUInt32LE(crc32(body))
  buffer.set(body, checksumBytes)
  return buffer
}

/** A record as it is stored and announced: a checksum, then its content. */
export const decodeBody = (documentName: string, position: Position, buffer: Buffer): RecordContent => {
  const body = buffer.subarray(checksumBytes)
  if (buffer.length < checksumBytes || crc32(body) !== buffer.readUInt32LE())
    throw new CodraftError(
      'CODRAFT_DOCUMENT_CORRUPT',
      `${documentName}: journal record ${position} fails its checksum`,
    )
  return decodeRecord(body)
}
