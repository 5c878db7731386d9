import { setTimeout as sleep } from 'node:timers/promises'
import { closeAll, openAll, type Client } from '../lib/Client.ts'
import { MeasuringWindow } from '../lib/MeasuringWindow.ts'
import { pace } from '../lib/pace.ts'
import { rssMb } from '../lib/proc.ts'
import type { Figures, Run } from '../lib/Run.ts'
import { Writer } from '../lib/sources.ts'
import { percentiles } from '../lib/stats.ts'
import { coresOf } from '../lib/stream.ts'
import { Tracker } from '../lib/Tracker.ts'
import { until } from '../lib/until.ts'

export interface SlowReaderShape {
  readonly clients: number
  readonly writers: number
  /** Edits a second of one writer. */
  readonly rate: number
  /** Of one edit. */
  readonly bytes: number
  readonly controlSeconds: number
  readonly stalledSeconds: number
}

const warmupSeconds = 4

/**
 * One more client of a busy document stops reading: does the server pile up memory for it, do the others feel it,
 * and how does it end? The same load without the stall comes first, as the control.
 */
export const slowReader = async (run: Run, shape: SlowReaderShape): Promise<Figures> => {
  const server = await run.startServer()
  const tracker = new Tracker()
  const clients = run.clients(server, shape.clients - 1, () => 'busy')
  for (const client of clients) tracker.addReader(client)
  // It only reads, so it receives what the stalled client is owed.
  const [reader, slow] = run.clients(server, 2, () => 'busy') as [Client, Client]
  clients.push(reader)
  tracker.addReader(reader)
  slow.onUnexpectedClose = undefined
  tracker.addReader(slow, false)
  const writers = clients
    .slice(0, shape.writers)
    .map((client) => tracker.addSource(client, (id, client) => new Writer(id, client)))
  await openAll([...clients, slow])

  const filler = 'x'.repeat(shape.bytes)
  const pacer = pace(writers.length, shape.rate, (index) => writers[index]?.replace(filler))
  const phase = async (seconds: number) => {
    tracker.begin()
    const window = new MeasuringWindow(server.pid)
    const from = reader.bytes
    const rss: number[] = []
    for (let second = 0; second < seconds; second++) {
      await sleep(1000)
      rss.push(rssMb(server.pid))
    }
    return {
      rss,
      latency: percentiles(tracker.latencies),
      backlogMb: (reader.bytes - from) / 2 ** 20,
      used: window.stop(),
    }
  }
  await sleep(warmupSeconds * 1000)
  const control = await phase(shape.controlSeconds)
  slow.pause()
  const stalled = await phase(shape.stalledSeconds)
  pacer.stop()
  await until(() => tracker.missing === 0)
  run.check('missing deliveries', tracker.missing)
  run.check('strays', tracker.strays)

  slow.resume()
  const ended = () => slow.closeCode !== undefined
  await until(() => ended() || tracker.stale([slow]) === 0)
  const outcome = ended() ? `closed ${slow.closeCode}` : tracker.stale([slow]) > 0 ? 'behind' : 'caught up'
  await closeAll([...clients, slow])
  const base = Math.max(...control.rss)
  const peak = Math.max(...stalled.rss)
  return {
    backlogMb: stalled.backlogMb,
    rssControlMb: base,
    rssPeakMb: peak,
    grownMb: peak - base,
    grownPerBacklog: (peak - base) / stalled.backlogMb,
    outcome,
    controlP50ms: control.latency.p50,
    controlP99ms: control.latency.p99,
    p50ms: stalled.latency.p50,
    p99ms: stalled.latency.p99,
    maxMs: stalled.latency.max,
    ...coresOf(stalled.used),
  }
}
