/** One instance of a fleet, as `codraft serve`, with its snapshots in a folder that the instances share. */
import { Redis } from 'ioredis'
import { FolderObjectStore } from '../../extensions/snapshots/index.ts'
import { loadConfig } from '../../src/config.ts'
import { createLogger } from '../../src/logger.ts'
import { startServer } from '../../src/server/server.ts'

const { FLEET_REDIS_URL: redisUrl, FLEET_OBJECTS: root, FLEET_LOSS: loss = '0' } = process.env
if (redisUrl === undefined || root === undefined)
  throw new Error('FLEET_REDIS_URL and FLEET_OBJECTS are needed')
if (Number(loss) > 0) {
  // A share of all announcements gets lost without a trace, as in a network of Redis that is partitioned.
  const emit = Redis.prototype.emit
  Redis.prototype.emit = function (this: Redis, name: string | symbol, ...args: unknown[]): boolean {
    if (name === 'smessageBuffer' && Math.random() < Number(loss)) return true
    return emit.call(this, name, ...args)
  }
}
const config = { ...loadConfig(process.env), redisUrl }
const logger = createLogger(config.logLevel)
const objects = await FolderObjectStore.open({ root })
const server = await startServer({ config, logger, objects })
logger.info({ url: server.url }, 'codraft is ready')
process.on('SIGTERM', () => {
  void server.stop().then((complete) => process.exit(complete ? 0 : 1))
})
process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'))
