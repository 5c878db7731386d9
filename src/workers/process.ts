import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { Registry, collectDefaultMetrics } from 'prom-client'
import type { Config } from '../config.ts'
import { ensureTopics, openEventLog } from '../event-log.ts'
import { moduleLoggers, type Logger } from '../logger.ts'
import { openStore } from '../open-store.ts'
import { publicUrlOf } from '../public-url.ts'
import type { WorkerName } from './names.ts'
import type { AnyWorker } from './Worker.ts'
import { Workers } from './Workers.ts'

export interface WorkerProcessOptions {
  readonly config: Config
  readonly logger: Logger
  /** Workers of codraft to run. @default [] */
  readonly names?: readonly WorkerName[]
  /** Workers of your own. @default [] */
  readonly own?: readonly AnyWorker[]
}

export interface WorkerProcess {
  /** Where /health/live, /health/ready and /metrics are; undefined without WORKER_PORT. */
  readonly url: string | undefined
  /** Completes the events that are under way. */
  stop(): Promise<void>
}

/** Runs workers without a server. Several processes share the events. */
export const startWorkers = async ({
  config,
  logger,
  names = [],
  own = [],
}: WorkerProcessOptions): Promise<WorkerProcess> => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const loggers = moduleLoggers(logger, config)
  const store = await openStore(config, loggers.store)
  const log = await openEventLog(config, loggers.events)
  const workers = new Workers({
    publicUrl: () => publicUrlOf(config),
    config,
    logger: loggers.workers,
    store,
    log,
    names,
    own,
    registry,
  })
  const stopping = new AbortController()
  const topicsReady = ensureTopics(log, loggers.events, stopping.signal)
  workers.start()
  const http = addOperations(Fastify(), workers, registry)
  if (config.workerPort !== undefined) await http.listen({ port: config.workerPort, host: config.host })
  const address = http.server.address() as AddressInfo | null
  await topicsReady
  return {
    url: address === null ? undefined : `http://${config.host}:${address.port}`,
    async stop() {
      stopping.abort()
      await workers.stop()
      await log.close()
      await store.close()
      await http.close()
    },
  }
}

const addOperations = (app: FastifyInstance, workers: Workers, registry: Registry): FastifyInstance => {
  app.get('/health/live', () => ({ state: 'live' }))
  app.get('/health/ready', (_request, reply) => {
    const isReady = workers.status.every(({ state }) => state === 'running')
    const report = workers.status.map(({ name, state, lag }) => ({ name, state, lag }))
    return reply.code(isReady ? 200 : 503).send({ state: isReady ? 'ready' : 'unavailable', workers: report })
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
  return app
}
