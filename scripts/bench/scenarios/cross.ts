import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import { closeAll, openAll, type Client } from '../lib/Client.ts'
import { readFleet, type RunningFleet } from '../lib/fleet-addresses.ts'
import { pace } from '../lib/pace.ts'
import { cpuMs } from '../lib/proc.ts'
import type { Figures, Run } from '../lib/Run.ts'
import { Writer } from '../lib/sources.ts'
import { measureStream, streamTimes } from '../lib/stream.ts'
import { Tracker } from '../lib/Tracker.ts'
import { until } from '../lib/until.ts'

export interface KeystrokeShape {
  /** Items of the document before anybody types. */
  readonly items: number
  /** Keystrokes a second. */
  readonly rate: number
}

/** One types on one instance of a fleet and one reads on the other: what does a keystroke cost in a large document? */
export const crossKeystroke = async (run: Run, { items, rate }: KeystrokeShape): Promise<Figures> => {
  const server = await run.startServer({ isFleet: true })
  const fleet = await readFleet(server)
  const tracker = new Tracker()
  const [author] = run.clients(server, 1, () => 'large') as [Client]
  const [reader] = run.clients({ endpoint: fleet.secondEndpoint }, 1, () => 'large') as [Client]
  await openAll([author, reader])
  for (const update of largeDocument(items)) author.sendUpdate(update)
  await author.roundTrip(60_000)
  await reader.roundTrip(60_000)
  tracker.addReader(author)
  tracker.addReader(reader)
  const writer = tracker.addSource(author, (id, client) => new Writer(id, client))
  await sleep(run.quick ? 3_000 : 12_000)
  const redis = new Redis(fleet.redisUrl)
  const idle = await usageOf(fleet, redis, async () => sleep(5_000))
  const seconds = run.quick ? 8 : 20
  let edits = 0
  const typing = await usageOf(fleet, redis, async () => {
    const before = writer.times.length
    tracker.begin()
    const pacer = pace(1, rate, () => writer.edit())
    await sleep(seconds * 1_000)
    pacer.stop()
    await until(() => tracker.missing === 0)
    edits = writer.times.length - before
  })
  redis.disconnect()
  const latencies = [...tracker.latencies].sort((a, b) => a - b)
  const acks = [...writer.ackMs].sort((a, b) => a - b)
  run.check('missing deliveries', tracker.missing)
  await closeAll([author, reader])
  const share = seconds / 5
  const perEdit = (figure: keyof Usage): number => (typing[figure] - idle[figure] * share) / edits
  return {
    edits,
    instanceCpuMsPerEdit: perEdit('cpuMs'),
    instanceCpuMsPerEditGross: typing.cpuMs / edits,
    redisBytesPerEdit: perEdit('bytes'),
    redisCallsPerEdit: perEdit('calls'),
    p50ms: latencies[Math.floor(latencies.length * 0.5)] ?? NaN,
    p99ms: latencies[Math.floor(latencies.length * 0.99)] ?? NaN,
    ackP50ms: acks[Math.floor(acks.length * 0.5)] ?? NaN,
    ackP99ms: acks[Math.floor(acks.length * 0.99)] ?? NaN,
  }
}

export interface CrossFanoutShape {
  readonly documents: number
  /** For each document: one writes on the first instance, the others read on the second. */
  readonly clients: number
  readonly rate: number
}

/** Writers on one instance, readers on the other: what does a delivery cost, Redis included? */
export const crossFanout = async (
  run: Run,
  { documents, clients: perDocument, rate }: CrossFanoutShape,
): Promise<Figures> => {
  const server = await run.startServer({ isFleet: true })
  const fleet = await readFleet(server)
  const tracker = new Tracker()
  const authors = run.clients(server, documents, (index) => index)
  const readers = run.clients(
    { endpoint: fleet.secondEndpoint },
    documents * (perDocument - 1),
    (index) => index % documents,
  )
  const clients = [...authors, ...readers]
  for (const client of clients) tracker.addReader(client)
  const writers = authors.map((client) => tracker.addSource(client, (id, client) => new Writer(id, client)))
  await openAll(clients)
  const figures = await measureStream({
    ...streamTimes(run.quick),
    serverPid: server.pid,
    clients,
    tracker,
    start: () => pace(writers.length, rate, (index) => writers[index]?.edit()),
    complete: () => tracker.missing === 0,
  })
  await closeAll(clients)
  run.check('missing deliveries', tracker.missing)
  run.check('strays', tracker.strays)
  return figures
}

interface Usage {
  readonly cpuMs: number
  /** Into Redis. */
  readonly bytes: number
  /** Commands that append or publish. */
  readonly calls: number
}

const usageOf = async (fleet: RunningFleet, redis: Redis, work: () => Promise<void>): Promise<Usage> => {
  const read = async (): Promise<Usage> => {
    const info = await redis.info('everything')
    const sum = (pattern: RegExp): number =>
      [...info.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0)
    return {
      cpuMs: fleet.instances.reduce((total, pid) => total + cpuMs(pid), 0),
      bytes: sum(/^total_net_input_bytes:(\d+)/gm),
      calls: sum(/^cmdstat_(?:evalsha|publish):calls=(\d+)/gm),
    }
  }
  const before = await read()
  await work()
  const after = await read()
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    bytes: after.bytes - before.bytes,
    calls: after.calls - before.calls,
  }
}

/** A document of single characters, each put somewhere in the text before it, a third deleted again, as updates of 500. */
const largeDocument = (items: number): Uint8Array[] => {
  const document = new Doc()
  document.clientID = 1
  const text = document.getText('bench')
  const updates: Uint8Array[] = []
  let place = 1
  for (let done = 0; done < items; done += 500) {
    const before = encodeStateVector(document)
    document.transact(() => {
      for (let i = 0; i < 500; i++) {
        place = (place * 48_271) % 2_147_483_647
        text.insert(place % (text.length + 1), '.')
        // A document that was worked on has gaps all over.
        if (i % 3 === 0) text.delete((place >> 8) % text.length, 1)
      }
    })
    updates.push(encodeStateAsUpdate(document, before))
  }
  return updates
}
