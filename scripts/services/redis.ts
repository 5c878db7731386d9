import { join } from 'node:path'
import { findCommand, run } from './command.ts'
import { installPackages } from './debian.ts'
import { freePort } from './network.ts'
import { runningService, type Service, type StartOptions } from './Service.ts'
import { ServiceProcess } from './ServiceProcess.ts'

export interface RedisOptions extends StartOptions {
  /** As in redis.conf; they win over the default, which makes every write durable. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Redis, one node. */
export const redis: Service<RedisOptions> = {
  name: 'redis',
  variables: ['CODRAFT_TEST_REDIS_URL'],
  async install() {
    if (findCommand('redis-server') === undefined) await installPackages('redis-server')
  },
  async start(options) {
    const port = options.port ?? (await freePort())
    const node = await startRedis({ ...options, port })
    return runningService({ CODRAFT_TEST_REDIS_URL: `redis://127.0.0.1:${port}` }, node)
  },
}

/** One redis-server. */
export const startRedis = ({
  folder,
  port,
  settings,
}: RedisOptions & { readonly port: number }): Promise<ServiceProcess> =>
  ServiceProcess.start({
    command: 'redis-server',
    args: Object.entries({
      port: String(port),
      bind: '127.0.0.1',
      dir: folder,
      save: '',
      appendonly: 'yes',
      appendfsync: 'always',
      ...settings,
    }).flatMap(([name, value]) => [`--${name}`, value]),
    log: join(folder, 'redis.log'),
    isReady: async () => (await redisCli(port, 'ping')) === 'PONG',
  })

/** The answer to a command; empty when there is none. */
export const redisCli = async (port: number, ...command: string[]): Promise<string> =>
  (await run('redis-cli', ['-p', String(port), ...command]).catch(() => '')).trim()
