/**
 * Two instances of one server and the Redis between them, as one process tree. The first listens on PORT; where the
 * others are stands in `fleet.json`. The arguments are the script of an instance.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { answers, freePort } from '../../services/network.ts'
import { redis } from '../../services/redis.ts'
import type { FleetAddresses } from '../lib/fleet-addresses.ts'

const { PORT = '', CODRAFT_DATA_DIR = '.' } = process.env
const folder = resolve(CODRAFT_DATA_DIR)
const redisFolder = join(folder, 'redis')
await mkdir(redisFolder, { recursive: true })
const server = await redis.start({ folder: redisFolder })
const redisUrl = server.env['CODRAFT_TEST_REDIS_URL'] ?? ''

const children: ChildProcess[] = []
const startInstance = async (port: string): Promise<number> => {
  const data = join(folder, `instance-${children.length}`)
  await mkdir(data, { recursive: true })
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PORT: port,
      CODRAFT_DATA_DIR: data,
      REDIS_PORT: new URL(redisUrl).port,
      FLEET_REDIS_URL: redisUrl,
      FLEET_OBJECTS: join(folder, 'objects'),
      DATABASE_URL: `sqlite:${join(folder, 'store.sqlite')}`,
    },
  })
  children.push(child)
  const isUp = async (): Promise<boolean> =>
    (await answers(`http://127.0.0.1:${port}/health/live`)) || (await answers(`http://127.0.0.1:${port}/`))
  while (!(await isUp())) {
    if (child.exitCode !== null) process.exit(1)
  }
  return child.pid ?? 0
}
const end = (): void => {
  for (const child of children) child.kill('SIGTERM')
  void Promise.all([
    server.stop(),
    ...children.map((child) => new Promise((done) => child.once('exit', done))),
  ]).then(() => process.exit(0))
}
process.on('SIGTERM', end)

const secondPort = String(await freePort())
const second = await startInstance(secondPort)
// The generator waits for this one.
const first = await startInstance(PORT)
writeFileSync(
  join(folder, 'fleet.json'),
  JSON.stringify({ secondPort, redisUrl, instances: [first, second] } satisfies FleetAddresses),
)
