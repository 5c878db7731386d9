import { setTimeout as sleep } from 'node:timers/promises'
import { closeAll, openAll, type Client } from '../lib/Client.ts'
import { jsonWire } from '../lib/json-wire.ts'
import type { Figures, Run } from '../lib/Run.ts'
import type { ServerProcess } from '../lib/ServerProcess.ts'
import { JsonWriter, Writer } from '../lib/sources.ts'
import { fanoutOf, type FanoutShape } from './fanout.ts'

/** After this time without a JSON client a document is no longer observed. */
const graceMs = 11_000

/**
 * The same edits four times, on one server: by Yjs clients, by JSON clients, by Yjs clients in documents that a JSON client
 * has open, and by Yjs clients in documents that one had open.
 */
export const json = async (run: Run, shape: FanoutShape): Promise<Figures> => {
  const server = await run.startServer()
  const endpoint = { ...server.endpoint, wire: jsonWire }
  const visitors = (phase: string): Client[] =>
    run.clients({ endpoint }, shape.documents, (index) => `${phase}-${index}`)
  const measure = (
    phase: string,
    from: Pick<ServerProcess, 'endpoint'>,
    make: typeof Writer | typeof JsonWriter,
  ) =>
    fanoutOf(run, server, shape, {
      clients: run.clients(
        from,
        shape.documents * shape.clients,
        (index) => `${phase}-${index % shape.documents}`,
      ),
      source: (id, client) => new make(id, client),
    })

  const left = visitors('left')
  await openAll(left)
  await closeAll(left)
  await sleep(graceMs)
  const yjs = await measure('yjs', server, Writer)
  const afterwards = await measure('left', server, Writer)
  const own = await measure('json', { endpoint }, JsonWriter)
  const watching = visitors('watched')
  await openAll(watching)
  const watched = await measure('watched', server, Writer)
  await closeAll(watching)

  const us = (figures: Figures): number => figures['cpuUsPerDelivery'] as number
  return {
    jsonPerYjs: us(own) / us(yjs),
    watchedPerYjs: us(watched) / us(yjs),
    leftPerYjs: us(afterwards) / us(yjs),
    yjsCpuUsPerDelivery: us(yjs),
    jsonCpuUsPerDelivery: us(own),
    yjsCpuUsPerEdit: yjs['cpuUsPerEdit'] as number,
    jsonCpuUsPerEdit: own['cpuUsPerEdit'] as number,
    yjsBytesPerDelivery: yjs['bytesPerDelivery'] as number,
    jsonBytesPerDelivery: own['bytesPerDelivery'] as number,
    yjsP50ms: yjs['p50ms'] as number,
    jsonP50ms: own['p50ms'] as number,
    yjsAckP50ms: yjs['ackP50ms'] as number,
    jsonAckP50ms: own['ackP50ms'] as number,
  }
}
