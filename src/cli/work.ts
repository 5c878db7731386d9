import { Command } from 'commander'
import { CodraftError } from '../../extensions/errors.ts'
import { loadConfig } from '../config.ts'
import { createLogger } from '../logger.ts'
import { startTracing } from '../tracing.ts'
import { parseWorkers, workerNames } from '../workers/names.ts'
import { startWorkers } from '../workers/process.ts'

/** `codraft work`: runs workers apart from the server until SIGTERM or SIGINT. */
export const workCommand = (): Command =>
  new Command('work')
    .description('run workers without a server; set WORKERS there to what is left for it')
    .argument('<names>', `all, or some of ${workerNames.join(', ')}, comma-separated`)
    .action(async (list: string) => {
      const names = parseWorkers(list)
      if (!names || names.length === 0) {
        throw new CodraftError(
          'CODRAFT_REQUEST_INVALID',
          `${list} are no workers: name all, or some of ${workerNames.join(', ')}`,
        )
      }
      const config = loadConfig(process.env)
      const logger = createLogger(config.logLevel)
      const tracing = await startTracing(config)
      const workers = await startWorkers({ config, logger, names })
      logger.info({ workers: names, url: workers.url, pid: process.pid }, 'codraft works')

      let stopping = false
      const stop = async (signal: NodeJS.Signals): Promise<void> => {
        if (stopping) return
        stopping = true
        logger.info({ signal }, 'stopping')
        await workers.stop()
        await tracing?.stop()
        logger.info('stopped')
        process.exit(0)
      }
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))
      process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'))
    })
