/** One instance of a fleet, as `codraft serve`, with its snapshots in a folder that the instances share. */
import { FolderObjectStore } from '../../../extensions/snapshots/index.ts'
import { loadConfig } from '../../../src/config.ts'
import { createLogger } from '../../../src/logger.ts'
import { startServer } from '../../../src/server/server.ts'

const { FLEET_REDIS_URL: redisUrl, FLEET_OBJECTS: root } = process.env
if (redisUrl === undefined || root === undefined)
  throw new Error('FLEET_REDIS_URL and FLEET_OBJECTS are needed')
const config = { ...loadConfig(process.env), redisUrl }
const logger = createLogger(config.logLevel)
const objects = await FolderObjectStore.open({ root })
const server = await startServer({ config, logger, objects })
process.on('SIGTERM', () => {
  void server.stop().then((complete) => process.exit(complete ? 0 : 1))
})
