import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from './Client.ts'
import { MeasuringWindow, type WindowFigures } from './MeasuringWindow.ts'
import type { Pacer } from './pace.ts'
import type { Figures } from './Run.ts'
import { percentiles } from './stats.ts'
import type { Tracker } from './Tracker.ts'
import { until } from './until.ts'

export interface StreamTimes {
  readonly warmupSeconds: number
  readonly seconds: number
  /** Time after the last delivery that still counts, so that deferred stores are charged. */
  readonly tailSeconds: number
}

export const streamTimes = (quick: boolean): StreamTimes =>
  quick ? { warmupSeconds: 2, seconds: 5, tailSeconds: 3 } : { warmupSeconds: 3, seconds: 15, tailSeconds: 3 }

export interface Stream extends StreamTimes {
  readonly serverPid: number
  readonly clients: readonly Client[]
  readonly tracker: Tracker
  readonly start: () => Pacer
  /** Whether everything has arrived. */
  readonly complete: () => boolean
}

/** Warms up, measures, waits for what is under way (10 s at most) and for the tail. */
export const measureStream = async (stream: Stream): Promise<Figures> => {
  const { tracker, clients } = stream
  await sleep(500)
  const pacer = stream.start()
  await sleep(stream.warmupSeconds * 1000)
  pacer.lateMs = 0
  const before = traffic(clients)
  const window = new MeasuringWindow(stream.serverPid)
  tracker.begin()
  await sleep(stream.seconds * 1000)
  pacer.stop()
  window.mark()
  const complete = await until(stream.complete)
  const after = traffic(clients)
  if (complete) await sleep(stream.tailSeconds * 1000)
  const used = window.stop()
  const { delivered } = tracker
  const latency = percentiles(tracker.latencies)
  const ack = percentiles(tracker.ackMs)
  return {
    edits: tracker.edits,
    deliveries: delivered,
    deliveriesPerSecond: delivered / stream.seconds,
    repeated: tracker.repeated,
    echoed: tracker.echoed,
    cpuUsPerDelivery: (used.cpuMs * 1000) / delivered,
    cpuUsPerEdit: (used.cpuMs * 1000) / tracker.edits,
    bytesPerDelivery: (after.bytes - before.bytes) / delivered,
    framesPerDelivery: (after.frames - before.frames) / delivered,
    p50ms: latency.p50,
    p99ms: latency.p99,
    maxMs: latency.max,
    ackP50ms: ack.p50,
    ackP99ms: ack.p99,
    lateMs: pacer.lateMs,
    ...coresOf(used),
  }
}

const traffic = (clients: readonly Client[]): { bytes: number; frames: number } => ({
  bytes: clients.reduce((sum, client) => sum + client.bytes, 0),
  frames: clients.reduce((sum, client) => sum + client.frames, 0),
})

export const coresOf = ({ serverCores, genCores, otherCores, genLoopP99ms }: WindowFigures): Figures => ({
  serverCores,
  genCores,
  otherCores,
  genLoopP99ms,
})
