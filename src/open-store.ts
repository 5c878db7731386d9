import { join } from 'node:path'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'
import { Store } from './store/Store.ts'

/** The databases that the settings name. An unreachable database is no reason not to start: documents are served from the journal until it comes. */
export const openStore = ({ databases, readDatabases, dataDir }: Config, logger: Logger): Promise<Store> =>
  Store.open({
    databases: databases.length > 0 ? databases : [`sqlite:${join(dataDir, 'store.sqlite')}`],
    readDatabases,
    onStatus({ healthy, error }) {
      if (error === undefined) logger.info('the databases can be reached')
      else if (healthy)
        logger.warn({ error }, 'a read replica cannot be reached: its primary serves the reads')
      else logger.error({ error }, 'a database cannot be reached: permissions, lists and history wait for it')
    },
  })
