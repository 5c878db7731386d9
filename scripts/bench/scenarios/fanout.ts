import { closeAll, openAll, type Client } from '../lib/Client.ts'
import { pace } from '../lib/pace.ts'
import type { Figures, Run } from '../lib/Run.ts'
import type { ServerProcess } from '../lib/ServerProcess.ts'
import { Writer, type Source } from '../lib/sources.ts'
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

/** What edits: all of a document's clients read, the first ones write. */
export interface FanoutClients {
  /** Client i is in document i modulo the number of documents. */
  readonly clients: readonly Client[]
  readonly source: (id: number, client: Client) => Source & { edit(): void }
}

/** Edits in shared documents: what does one delivery cost, and how long does it take? */
export const fanout = async (run: Run, shape: FanoutShape): Promise<Figures> => {
  const server = await run.startServer()
  const { documents, clients: perDocument } = shape
  const clients = run.clients(server, documents * perDocument, (index) => index % documents)
  return fanoutOf(run, server, shape, { clients, source: (id, client) => new Writer(id, client) })
}

export const fanoutOf = async (
  run: Run,
  server: Pick<ServerProcess, 'pid'>,
  { documents, writers: writing, rate }: FanoutShape,
  { clients, source }: FanoutClients,
): Promise<Figures> => {
  const tracker = new Tracker()
  for (const client of clients) tracker.addReader(client)
  const writers = clients.slice(0, documents * writing).map((client) => tracker.addSource(client, source))
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
