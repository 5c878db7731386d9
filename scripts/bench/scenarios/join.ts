import { setTimeout as sleep } from 'node:timers/promises'
import { closeAll, type Client } from '../lib/Client.ts'
import { makeHistory } from '../lib/history.ts'
import { join, joinTimer, type Join } from '../lib/joining.ts'
import { marker, scanMarkers } from '../lib/marker.ts'
import { MeasuringWindow } from '../lib/MeasuringWindow.ts'
import type { Figures, Run } from '../lib/Run.ts'
import type { ServerProcess } from '../lib/ServerProcess.ts'
import { Writer } from '../lib/sources.ts'
import { percentiles } from '../lib/stats.ts'
import { coresOf } from '../lib/stream.ts'
import { until } from '../lib/until.ts'

export interface JoinShape {
  readonly keystrokes: number
  readonly authors: number
  /** Joins one after the other. */
  readonly warm: number
  /** Joins at once. */
  readonly burst: number
  /** Time to store the document before the server is restarted. */
  readonly storeSeconds: number
}

const documentName = 'past'

/** Work that a server puts off until after the join is charged within this time, ms. */
const afterwardsMs = 1500

/**
 * How soon, and for how much server CPU, has a client the whole of a large document? First after a restart of the
 * server (cold), then one by one (warm), then many at once; at last the first edit after another restart.
 */
export const joinLargeDocument = async (run: Run, shape: JoinShape): Promise<Figures> => {
  const server = await run.startServer()
  const end = `<end of ${run.documentName(documentName)}>`
  const endBytes = Buffer.from(end)
  const history = makeHistory(shape.keystrokes, shape.authors, end)
  const timeOf = joinTimer(history)
  const newClient = (): Client => run.clients(server, 1, () => documentName)[0] as Client
  let incomplete = 0
  const msOf = (joined: Join): number => {
    const ms = timeOf(joined)
    if (ms === undefined) incomplete++
    return ms ?? NaN
  }

  const fillCpuMs = await fill(server, newClient(), history.updates)
  await sleep(shape.storeSeconds * 1000)

  await server.restart('SIGTERM')
  await sleep(1000)
  const coldWindow = new MeasuringWindow(server.pid)
  const cold = await join(newClient(), endBytes)
  const coldCpuMs = coldWindow.stop().cpuMs
  await sleep(afterwardsMs)
  const coldCpuSettledMs = coldWindow.stop().cpuMs

  // The first client stays and keeps the document in memory.
  const warmWindow = new MeasuringWindow(server.pid)
  const warm: Join[] = []
  for (let i = 0; i < shape.warm; i++) {
    const joined = await join(newClient(), endBytes)
    await joined.client.close()
    warm.push(joined)
  }
  const warmCpuMs = warmWindow.stop().cpuMs / shape.warm

  const burstWindow = new MeasuringWindow(server.pid)
  const burst = await Promise.all(Array.from({ length: shape.burst }, () => join(newClient(), endBytes)))
  const burstUsed = burstWindow.stop()
  await closeAll([cold.client, ...burst.map(({ client }) => client)])

  await server.restart('SIGTERM')
  await sleep(1000)
  const firstEdit = await editAfterColdJoin(server, [newClient(), newClient()], endBytes)

  const burstTimes = percentiles(burst.map(msOf))
  const figures = {
    stateBytes: history.stateBytes,
    fillCpuUsPerUpdate: (fillCpuMs * 1000) / history.updates.length,
    coldJoinMs: msOf(cold),
    coldCpuMs,
    coldCpuSettledMs,
    ...firstEdit,
    warmJoinMs: percentiles(warm.map(msOf)).p50,
    warmCpuMs,
    burstP50ms: burstTimes.p50,
    burstMaxMs: burstTimes.max,
    burstCpuMs: burstUsed.cpuMs / shape.burst,
    ...coresOf(burstUsed),
  }
  run.check('joins without the whole document', incomplete)
  return figures
}

/** Writes the history as one client; resolves with the CPU time that took the server, ms. */
const fill = async (
  server: ServerProcess,
  author: Client,
  updates: readonly Uint8Array[],
): Promise<number> => {
  await author.open()
  const window = new MeasuringWindow(server.pid)
  for (const update of updates) {
    author.sendUpdate(update)
    if (author.bufferedBytes > 2 ** 20) await until(() => author.bufferedBytes === 0)
  }
  await author.roundTrip(60_000)
  const { cpuMs } = window.stop()
  await author.close()
  return cpuMs
}

/** Two clients join a document that is not in memory; the first edits as soon as both have it. */
const editAfterColdJoin = async (
  server: ServerProcess,
  [author, reader]: [Client, Client],
  end: Buffer,
): Promise<Figures> => {
  await Promise.all([join(author, end, 0), join(reader, end, 0)])
  const writer = new Writer(0, author)
  let ackedAt: number | undefined
  let deliveredAt: number | undefined
  const first = marker(0, 0)
  author.onAck = () => (ackedAt ??= performance.now())
  reader.onFrame = (frame) =>
    scanMarkers(frame, (id, sequence) => {
      if (marker(id, sequence) === first) deliveredAt ??= performance.now()
    })
  const window = new MeasuringWindow(server.pid)
  writer.edit()
  const arrived = await until(() => ackedAt !== undefined && deliveredAt !== undefined, 20_000, 5)
  if (!arrived) throw new Error('the first edit after a cold join has not arrived')
  const { cpuMs } = window.stop()
  const sentAt = writer.times[0] ?? NaN
  await closeAll([author, reader])
  return {
    firstEditAckMs: (ackedAt ?? NaN) - sentAt,
    firstEditDeliveryMs: (deliveredAt ?? NaN) - sentAt,
    firstEditCpuMs: cpuMs,
  }
}
