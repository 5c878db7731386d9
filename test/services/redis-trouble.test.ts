import { Redis } from 'ioredis'
import { afterEach, expect, it } from 'vitest'
import { RedisKeys } from '../../extensions/redis/keys.ts'
import { redis } from '../../scripts/services/redis.ts'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { startFleet, type Fleet } from '../helpers/fleet.ts'
import { startOwn, type OwnService } from '../helpers/services.ts'
import type { TestServer } from '../helpers/server.ts'

const isNotSafe = '{"type":"durability","state":"degraded"}'
const isSafe = '{"type":"durability","state":"ok"}'

const services: OwnService[] = []
const connections: Redis[] = []
let fleet: Fleet | undefined
afterEach(async () => {
  await fleet?.close()
  fleet = undefined
  for (const connection of connections.splice(0)) connection.disconnect()
  for (const service of services.splice(0)) await service.close()
})

const startRedis = async (settings: Readonly<Record<string, string>> = {}) => {
  const service = await startOwn(redis, { settings })
  services.push(service)
  const url = service.env['CODRAFT_TEST_REDIS_URL'] as string
  const commands = new Redis(url)
  commands.on('error', () => undefined)
  connections.push(commands)
  return { ...service, url, commands }
}

const startInstances = async (redisUrls: readonly string[], env = {}): Promise<readonly TestServer[]> => {
  fleet = await startFleet({ redisUrls, env })
  return fleet.instances
}

interface Health {
  readonly durability: string
  readonly dependencies: { readonly redis: Readonly<Record<string, unknown>> }
}

const health = async ({ url }: TestServer): Promise<Health & { readonly status: number }> => {
  const response = await fetch(`${url}/health/ready`)
  return { status: response.status, ...((await response.json()) as Health) }
}

it('without Redis an instance goes on for its clients, calls nothing saved and says so; afterwards all settles', async () => {
  const server = await startRedis()
  const [a, b] = (await startInstances([server.url, server.url])) as [TestServer, TestServer]
  await using writer = await connectHocuspocus(a, 'doc', { user: 'ann' })
  await using neighbour = await connectYWebsocket(a, 'doc', { user: 'bob' })
  await using distant = await connectHocuspocus(b, 'doc', { user: 'cem' })
  await expect.poll(() => writer.isSaved && distant.isSaved).toBe(true)

  await server.kill()
  writer.text.insert(0, 'while Redis was away; ')
  distant.text.insert(0, 'on the other instance; ')
  await expect.poll(() => neighbour.text.toJSON()).toBe('while Redis was away; ')
  await expect.poll(() => writer.stateless).toContain(isNotSafe)
  expect(writer.isSaved).toBe(false)
  expect(await health(a)).toMatchObject({ status: 503, dependencies: { redis: { state: 'unavailable' } } })

  await server.start()
  await expect.poll(() => writer.isSaved && distant.isSaved).toBe(true)
  await expect.poll(() => writer.stateless).toContain(isSafe)
  await expect.poll(() => writer.text.toJSON() === distant.text.toJSON()).toBe(true)
  expect(writer.text.toJSON()).toContain('while Redis was away; ')
  await expect.poll(() => neighbour.text.toJSON()).toContain('on the other instance; ')
  await expect.poll(async () => (await health(a)).status).toBe(200)
})

it('a Redis that is full takes no edit, and none is called saved until it has room', async () => {
  const server = await startRedis({ maxmemory: '24mb', 'maxmemory-policy': 'noeviction' })
  const [instance] = (await startInstances([server.url])) as [TestServer]
  await using writer = await connectHocuspocus(instance, 'doc')
  await expect.poll(() => writer.isSaved).toBe(true)
  await server.commands.config('SET', 'maxmemory', '1')
  writer.text.insert(0, 'no room')
  await expect.poll(() => writer.stateless).toContain(isNotSafe)
  expect(writer.isSaved).toBe(false)
  await server.commands.config('SET', 'maxmemory', '0')
  await expect.poll(() => writer.isSaved).toBe(true)
})

it.each([
  [{ appendonly: 'no' }, 'memory', 'appendonly yes'],
  [{ appendfsync: 'everysec' }, 'process', 'appendfsync always'],
] as const)(
  'a Redis with %o keeps less than an acknowledgement promises: health and log say so, with the cure',
  async (settings, durability, cure) => {
    const server = await startRedis(settings)
    const [instance] = (await startInstances([server.url])) as [TestServer]
    expect(await health(instance)).toMatchObject({
      durability,
      dependencies: { redis: { state: 'degraded', warning: expect.stringContaining(cure) as string } },
    })
    const warnings = instance.log.map(({ msg }) => String(msg)).filter((text) => text.includes('NOT SAFE'))
    expect(warnings).toEqual([expect.stringContaining(cure)])
  },
)

it('with REDIS_WAIT_REPLICAS an edit is saved when a replica has it, and not before', async () => {
  const primary = await startRedis()
  const replica = await startRedis({ replicaof: `127.0.0.1 ${new URL(primary.url).port}` })
  await expect.poll(() => replica.commands.info('replication')).toContain('master_link_status:up')
  const [instance] = (await startInstances([primary.url], { REDIS_WAIT_REPLICAS: '1' })) as [TestServer]
  expect((await health(instance)).durability).toBe('replicated')
  await using writer = await connectHocuspocus(instance, 'doc')
  writer.text.insert(0, 'first')
  await expect.poll(() => writer.isSaved).toBe(true)
  const key = new RedisKeys(fleet!.prefix).edits('doc')
  const onReplica = (): Promise<unknown[]> => replica.commands.xrange(key, '-', '+')
  const saved = (await onReplica()).length
  expect(saved).toBeGreaterThan(0)

  await replica.kill()
  writer.text.insert(0, 'second; ')
  await expect.poll(() => writer.stateless).toContain(isNotSafe)
  expect(writer.isSaved).toBe(false)
  await replica.start()
  await expect.poll(() => writer.isSaved).toBe(true)
  await expect.poll(async () => (await onReplica()).length).toBeGreaterThan(saved)
})
