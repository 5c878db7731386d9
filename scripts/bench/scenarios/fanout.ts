import { closeAll, openAll } from '../lib/Client.ts'
import { pace } from '../lib/pace.ts'
import type { Figures, Run } from '../lib/Run.ts'
import { Writer } from '../lib/sources.ts'
import { measureStream, streamTimes } from '../lib/stream.ts'
import { Tracker } from '../lib/Tracker.ts'

export interface FanoutShape {
  readonly documents: number
  /** For each document. */
  readonly clients: number
  /** How many of these clients write. */
  readonly writers: number
  /** Edits a second of one writer. */
  readonly rate: number
}

/** Edits in shared documents: what does one delivery cost, and how long does it take? */
export const fanout = async (
  run: Run,
  { documents, clients: perDocument, writers: writing, rate }: FanoutShape,
): Promise<Figures> => {
  const server = await run.startServer()
  const tracker = new Tracker()
  const clients = run.clients(server, documents * perDocument, (index) => index % documents)
  for (const client of clients) tracker.addReader(client)
  const writers = clients
    .slice(0, documents * writing)
    .map((client) => tracker.addSource(client, (id, client) => new Writer(id, client)))
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
