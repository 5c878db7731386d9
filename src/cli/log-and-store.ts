import { loadConfig } from '../config.ts'
import { openEventLog } from '../event-log.ts'
import { createLogger } from '../logger.ts'
import { openStore } from '../open-store.ts'
import { publicUrlOf } from '../public-url.ts'
import type { WorkerServices } from '../workers/compose.ts'

/** Runs `work` on the event log and the databases that the settings name, whether or not a server runs on them. */
export const withLogAndStore = async (work: (services: WorkerServices) => Promise<void>): Promise<void> => {
  const config = loadConfig(process.env)
  const logger = createLogger('silent')
  const store = await openStore(config, logger)
  const log = await openEventLog(config, logger)
  try {
    await work({ config, logger, store, log, publicUrl: () => publicUrlOf(config) })
  } finally {
    await log.close()
    await store.close()
  }
}
