import { closeAll, openAll } from '../lib/Client.ts'
import { pace } from '../lib/pace.ts'
import type { Figures, Run } from '../lib/Run.ts'
import { Cursor } from '../lib/sources.ts'
import { measureStream, streamTimes } from '../lib/stream.ts'
import { Tracker } from '../lib/Tracker.ts'

export interface AwarenessShape {
  /** All of one document. */
  readonly cursors: number
  /** Moves a second of one cursor. */
  readonly rate: number
}

/** Moving cursors. A server may drop a state that a newer one has replaced; the last one must arrive everywhere. */
export const awareness = async (run: Run, { cursors: count, rate }: AwarenessShape): Promise<Figures> => {
  const server = await run.startServer()
  const tracker = new Tracker()
  const clients = run.clients(server, count, () => 'cursors')
  for (const client of clients) tracker.addReader(client)
  const cursors = clients.map((client) => tracker.addSource(client, (id, client) => new Cursor(id, client)))
  await openAll(clients)
  const figures = await measureStream({
    ...streamTimes(run.quick),
    serverPid: server.pid,
    clients,
    tracker,
    start: () => pace(cursors.length, rate, (index) => cursors[index]?.move()),
    complete: () => tracker.stale() === 0,
  })
  const stale = tracker.stale()
  await closeAll(clients)
  run.check('cursors that are not where they were last', stale)
  run.check('strays', tracker.strays)
  return { ...figures, superseded: tracker.missing }
}
