import { Command } from 'commander'
import { topicSpecs } from '../../extensions/events/index.ts'
import { loadConfig } from '../config.ts'
import { openEventLog } from '../event-log.ts'
import { createLogger } from '../logger.ts'

/** `codraft topics`: makes the topics that are missing; fails when one has another number of partitions. */
export const topicsCommand = (): Command =>
  new Command('topics').description('make and check the topics of the event log').action(async () => {
    const config = loadConfig(process.env)
    const log = await openEventLog(config, createLogger('silent'))
    try {
      for (const { name, partitions, replication, created } of await log.ensureTopics(topicSpecs)) {
        const copies = `${replication} ${replication === 1 ? 'copy' : 'copies'}`
        console.log(
          `${name.padEnd(20)} partitions: ${String(partitions).padEnd(3)} ${copies}${created ? ', made now' : ''}`,
        )
      }
    } finally {
      await log.close()
    }
  })
