import { readDurability, RedisConnection } from '../../extensions/redis/index.ts'
import { problem, warning, type Check, type Finding } from './Check.ts'

/** That Redis can be reached and is new enough, keeps what it acknowledges, and throws nothing away. */
export const redis: Check = {
  name: 'redis',
  appliesTo: ({ redisUrl }) => redisUrl !== undefined,
  async run({ redisUrl = '', redisPrefix, redisWaitReplicas }) {
    const connection = await RedisConnection.open({ url: redisUrl, prefix: redisPrefix })
    try {
      const durability = await readDurability(connection, redisWaitReplicas)
      const report = durability.level === 'memory' ? problem : warning
      const findings: Finding[] =
        durability.warning === undefined
          ? []
          : [report(durability.warning, 'In redis.conf: appendonly yes, appendfsync always.')]
      return [...findings, ...(await Promise.all(connection.nodes.map(evictionOf))).flat()]
    } finally {
      connection.close()
    }
  },
}

type Node = RedisConnection['nodes'][number]

const evictionOf = async (node: Node): Promise<Finding[]> => {
  const policy = /^maxmemory_policy:(\S+)/m.exec(await node.info('memory'))?.[1] ?? 'noeviction'
  if (policy === 'noeviction') return []
  const isJournalSafe = policy.startsWith('volatile-')
  return [
    (isJournalSafe ? warning : problem)(
      `Redis may evict keys (maxmemory-policy ${policy}): ${isJournalSafe ? 'who is present' : 'acknowledged edits'} would vanish`,
      'In redis.conf: maxmemory-policy noeviction.',
    ),
  ]
}
