import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs'
import { closeAll, openAll, type Client } from '../lib/Client.ts'
import { smallNewSpace } from '../lib/contenders.ts'
import { MeasuringWindow } from '../lib/MeasuringWindow.ts'
import { rssMb, settledRssMb } from '../lib/proc.ts'
import type { Figures, Run } from '../lib/Run.ts'
import type { ServerProcess } from '../lib/ServerProcess.ts'
import { until } from '../lib/until.ts'

export interface IdleShape {
  /** Half of them in shared documents, half on a document each. */
  readonly connections: number
  readonly perSharedDocument: number
}

const warmupConnections = 400
const keepAliveMs = 20_000

/**
 * Memory of connections that do nothing: resident memory as the server leaves it, then, on a fresh server, the live
 * heap after forced collections. Every server runs with the V8 flag of `npm start`.
 */
export const idle = async (run: Run, shape: IdleShape): Promise<Figures> => {
  const resident = await measureResident(run, shape)
  return { ...resident, ...(await measureHeap(run, shape)) }
}

const measureResident = async (run: Run, shape: IdleShape): Promise<Figures> => {
  const server = await run.startServer({ nodeFlags: [smallNewSpace] })
  await warmUp(run, server)
  const rssStartMb = await settledRssMb(server.pid)
  const half = shape.connections >> 1
  const connecting = new MeasuringWindow(server.pid)
  const shared = await openShared(run, server, shape)
  const connected = connecting.stop()
  const alive = keepAlive(shared)
  const rssSharedMb = await settledRssMb(server.pid)
  const own = await openOwn(run, server, shape)
  alive.push(...own)
  const rssAllMb = await settledRssMb(server.pid)
  alive.stop()
  await closeAll([...shared, ...own])
  await sleep(2000)
  const rssClosedMb = rssMb(server.pid)
  await server.dispose()
  return {
    rssStartMb,
    rssAllMb,
    rssClosedMb,
    rssKbPerConnection: ((rssSharedMb - rssStartMb) * 1024) / half,
    rssKbPerOwnDocument: ((rssAllMb - rssSharedMb) * 1024) / half,
    cpuUsPerConnect: (connected.cpuMs * 1000) / half,
  }
}

const measureHeap = async (run: Run, shape: IdleShape): Promise<Figures> => {
  const folder = mkdtempSync(join(tmpdir(), 'codraft-bench-heap-'))
  const file = join(folder, 'heap.json')
  try {
    const server = await run.startServer({
      nodeFlags: [smallNewSpace, '--expose-gc', '--import', heapProbe],
      env: { HEAP_PROBE_FILE: file },
    })
    const half = shape.connections >> 1
    await warmUp(run, server)
    const before = await liveHeap(server, file)
    const shared = await openShared(run, server, shape)
    const afterShared = await liveHeap(server, file)
    const own = await openOwn(run, server, shape)
    const afterOwn = await liveHeap(server, file)
    await closeAll([...shared, ...own])
    await server.dispose()
    return {
      heapStartKb: before / 1024,
      heapKbPerConnection: (afterShared - before) / 1024 / half,
      heapKbPerOwnDocument: (afterOwn - afterShared) / 1024 / half,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const heapProbe = fileURLToPath(new URL('../servers/heap-probe.ts', import.meta.url))

/** Time for stores and queued work to end before live objects are counted. */
const quietMs = 5000

/** Bytes of the heap that are in use after a collection. */
const liveHeap = async (server: ServerProcess, file: string): Promise<number> => {
  await sleep(quietMs)
  process.kill(server.pid, 'SIGUSR2')
  if (!(await until(() => existsSync(file)))) throw new Error('the heap probe does not answer')
  const { heapUsed } = JSON.parse(readFileSync(file, 'utf8')) as NodeJS.MemoryUsage
  rmSync(file)
  return heapUsed
}

/** Code gets compiled and pools get filled, so that they do not count as connections. */
const warmUp = async (run: Run, server: ServerProcess): Promise<void> => {
  const clients = run.clients(server, warmupConnections, (index) => `warm-${index >> 1}`)
  await openAll(clients)
  for (const client of clients.filter((_, index) => index % 2 === 0)) client.sendUpdate(seed)
  await sleep(500)
  await closeAll(clients)
}

const openShared = async (run: Run, server: ServerProcess, shape: IdleShape): Promise<Client[]> => {
  const { connections, perSharedDocument } = shape
  const suffixOf = (index: number) => `shared-${Math.floor(index / perSharedDocument)}`
  const clients = run.clients(server, connections >> 1, suffixOf)
  await openAll(clients)
  for (const client of clients.filter((_, index) => index % perSharedDocument === 0)) client.sendUpdate(seed)
  return clients
}

const openOwn = async (run: Run, server: ServerProcess, { connections }: IdleShape): Promise<Client[]> => {
  const clients = run.clients(server, connections >> 1, (index) => `own-${index}`)
  await openAll(clients)
  for (const client of clients) client.sendUpdate(seed)
  return clients
}

interface Beat {
  push(...clients: Client[]): void
  stop(): void
}

/** Shows the server that the clients are alive, as a provider does. */
const keepAlive = (clients: readonly Client[]): Beat => {
  const all = [...clients]
  const timer = setInterval(() => {
    for (const client of all) client.send(client.wire.keepAlive(client.documentName))
  }, keepAliveMs)
  return { push: (...more) => void all.push(...more), stop: () => clearInterval(timer) }
}

/** The text of every document: 100 words by two authors who insert all over it. */
const makeSeed = (): Uint8Array => {
  const documents = [new Doc(), new Doc()] as const
  for (const [index, document] of documents.entries()) document.clientID = index + 1
  for (let i = 0; i < 100; i++) {
    const [author, other] = i % 2 === 0 ? documents : [documents[1], documents[0]]
    const text = author.getText('bench')
    text.insert((i * 7919) % (text.length + 1), `word${i} `)
    applyUpdate(other, encodeStateAsUpdate(author, encodeStateVector(other)))
  }
  return encodeStateAsUpdate(documents[0])
}

const seed = makeSeed()
