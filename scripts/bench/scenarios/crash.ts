import { setTimeout as sleep } from 'node:timers/promises'
import { applyUpdate, Doc } from 'yjs'
import { closeAll, openAll, type Client } from '../lib/Client.ts'
import { marker, scanMarkers } from '../lib/marker.ts'
import { pace } from '../lib/pace.ts'
import type { Figures, Run } from '../lib/Run.ts'
import { Writer } from '../lib/sources.ts'

export interface CrashShape {
  readonly documents: number
  /** For each document; one more client reads. */
  readonly writers: number
  /** Edits a second of one writer. */
  readonly rate: number
  readonly seconds: number
}

/** How long a fresh client waits for what a server may send after the first state. */
const readSeconds = 3

/**
 * SIGKILL in mid-stream, then a restart over the same data: which edits are gone? An edit counts as acknowledged
 * when its author was told so, as seen when another client had it.
 */
export const crash = async (run: Run, shape: CrashShape): Promise<Figures> => {
  const { documents } = shape
  const server = await run.startServer()
  const acked = new Set<string>()
  const seen = new Set<string>()
  const readers = run.clients(server, documents, (index) => index)
  const writers = run
    .clients(server, documents * shape.writers, (index) => index % documents)
    .map((client, id) => new Writer(id, client))
  for (const reader of readers) {
    reader.onFrame = (frame) => scanMarkers(frame, (id, sequence) => seen.add(marker(id, sequence)))
  }
  for (const { client, id } of writers) client.onAck = (sequence) => acked.add(marker(id, sequence))
  const clients = [...readers, ...writers.map((writer) => writer.client)]
  await openAll(clients)

  const sent = new Set<string>()
  const pacer = pace(writers.length, shape.rate, (index) => {
    const writer = writers[index]
    if (!writer) return
    sent.add(writer.marker)
    writer.edit()
  })
  await sleep(shape.seconds * 1000)
  for (const client of clients) client.expectClose()
  // The signal is on its way before the stream ends, so that the crash hits edits in all stages.
  const restarted = server.restart('SIGKILL')
  pacer.stop()
  for (const client of clients) client.terminate()
  const restartMs = await restarted

  const fresh = run.clients(server, documents, (index) => index)
  const states = fresh.map(collectState)
  await openAll(fresh)
  await sleep(readSeconds * 1000)
  await closeAll(fresh)
  const kept = new Set(states.flatMap((state) => markersOf(state)))
  const lost = (markers: ReadonlySet<string>): number => [...markers].filter((each) => !kept.has(each)).length
  return {
    edits: sent.size,
    acked: acked.size,
    seen: seen.size,
    kept: kept.size,
    ackedLost: lost(acked),
    seenLost: lost(seen),
    lost: lost(sent),
    restartMs,
  }
}

const collectState = (client: Client): Doc => {
  const state = new Doc()
  client.onFrame = (frame, kind) => {
    if (kind === 'step2' || kind === 'update') applyUpdate(state, client.wire.payloadOf(frame))
  }
  return state
}

const markersOf = (state: Doc): string[] => {
  const markers: string[] = []
  scanMarkers(Buffer.from(state.getText('bench').toJSON()), (id, sequence) =>
    markers.push(marker(id, sequence)),
  )
  return markers
}
