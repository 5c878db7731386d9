import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { createLogger } from '../logger.ts'
import { startServer } from '../server/server.ts'
import { startTracing } from '../tracing.ts'

/** `codraft serve`: runs until SIGTERM or SIGINT; exit code 1 when something could not be stored by then. */
export const serveCommand = (): Command =>
  new Command('serve').description('start the server').action(async () => {
    const config = loadConfig(process.env)
    const logger = createLogger(config.logLevel)
    const tracing = await startTracing(config)
    const server = await startServer({ config, logger })
    logger.info({ url: server.url, dataDir: config.dataDir, pid: process.pid }, 'codraft is ready')

    let stopping = false
    const stop = async (signal: NodeJS.Signals): Promise<void> => {
      if (stopping) return
      stopping = true
      logger.info({ signal }, 'stopping')
      const complete = await server.stop()
      await tracing?.stop()
      logger.info({ complete }, 'stopped')
      process.exit(complete ? 0 : 1)
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))
    // Last resort: whatever slipped through is logged, and one connection's fault does not end all others.
    process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'))
  })
