import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from './command.ts'
import { freePort } from './network.ts'
import { redis, redisCli, startRedis } from './redis.ts'
import { runningService, type Service } from './Service.ts'

const nodeCount = 3

/** Redis Cluster: three masters, no replicas. Always on free ports. */
export const redisCluster: Service = {
  name: 'redis-cluster',
  variables: ['CODRAFT_TEST_REDIS_CLUSTER'],
  install: () => redis.install(),
  async start({ folder }) {
    const ports = await Promise.all(Array.from({ length: nodeCount }, freePort))
    const nodes = await Promise.all(
      ports.map(async (port, index) => {
        const nodeFolder = join(folder, `node-${index}`)
        await mkdir(nodeFolder, { recursive: true })
        return startRedis({
          folder: nodeFolder,
          port,
          settings: {
            'cluster-enabled': 'yes',
            'cluster-node-timeout': '2000',
            'cluster-port': String(await freePort()),
          },
        })
      }),
    )
    const addresses = ports.map((port) => `127.0.0.1:${port}`)
    await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-replicas', '0', '--cluster-yes'])
    await Promise.all(ports.map(untilComplete))
    return runningService({ CODRAFT_TEST_REDIS_CLUSTER: addresses.join(',') }, ...nodes)
  },
}

const untilComplete = async (port: number): Promise<void> => {
  while (!(await redisCli(port, 'cluster', 'info')).includes('cluster_state:ok')) await delay(50)
}
