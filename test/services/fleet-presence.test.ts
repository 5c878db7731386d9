import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  InstanceRegistry,
  RedisChannels,
  RedisConnection,
  RedisPresence,
} from '../../extensions/redis/index.ts'
import { Client, openAll } from '../../scripts/bench/lib/Client.ts'
import { hocuspocus } from '../../scripts/bench/lib/wire.ts'
import { startFleet, type Fleet } from '../helpers/fleet.ts'
import { serviceVariable } from '../helpers/services.ts'
import { testToken } from '../helpers/tokens.ts'

/** An instance says every 3 s that it lives, and is dead after 12 s of silence; then comes the leave delay of 2 s. */
const vanishWithinMs = 20_000
const userCount = 1_000

let fleet: Fleet
let clients: Client[]
beforeAll(async () => {
  const redisUrl = serviceVariable('CODRAFT_TEST_REDIS_URL')
  fleet = await startFleet({ redisUrls: [redisUrl, redisUrl, redisUrl] })
  clients = await Promise.all(
    Array.from({ length: userCount }, async (_, i) => {
      const { socketUrl } = fleet.instances[i % 3]!
      const token = await testToken(`user ${i}`)
      return new Client({ url: `${socketUrl}/collab`, wire: hocuspocus, token }, 'hall')
    }),
  )
  await openAll(clients)
})
afterAll(async () => {
  for (const client of clients) client.terminate()
  await fleet.close()
})

it(`of ${userCount} users over three instances, those of one that is killed vanish within ${vanishWithinMs / 1000} s, and nobody else flickers`, async () => {
  // A fourth instance watches, as a server would that somebody else has the document open on.
  const connection = await RedisConnection.open({
    url: serviceVariable('CODRAFT_TEST_REDIS_URL'),
    prefix: fleet.prefix,
  })
  const channels = new RedisChannels(connection, (error) => expect.unreachable(String(error)))
  const registry = await InstanceRegistry.open({ connection })
  const presence = new RedisPresence({ connection, channels, registry })
  const left = new Set<string>()
  presence.onChange(({ type, user }) => {
    if (type === 'user_left') left.add(user.userId)
  })
  presence.enter('hall', { userId: 'watcher' })
  const present = async (): Promise<number> => (await presence.users('hall')).length
  await expect.poll(present, { timeout: 30_000 }).toBe(userCount + 1)

  await fleet.instances[0]!.kill('SIGKILL')
  const killedAt = performance.now()
  const gone = Math.ceil(userCount / 3)
  await expect.poll(() => left.size, { timeout: vanishWithinMs + 10_000 }).toBe(gone)
  expect(performance.now() - killedAt).toBeLessThan(vanishWithinMs)
  expect(await present()).toBe(userCount + 1 - gone)
  for (let i = 0; i < userCount; i++) expect(left.has(`user ${i}`)).toBe(i % 3 === 0)

  // Whoever asks anew sees the same.
  const redis = new Redis(serviceVariable('CODRAFT_TEST_REDIS_URL'))
  expect(await redis.hlen(connection.keys.users('hall'))).toBeGreaterThan(0)
  redis.disconnect()
  await presence.close()
  channels.close()
  await registry.close()
  connection.close()
})
