import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FleetCommand } from '../../extensions/fleet/index.ts'
import {
  InstanceRegistry,
  RedisChannels,
  RedisConnection,
  RedisFleet,
  RedisPresence,
} from '../../extensions/redis/index.ts'
import { fleetConformance } from '../conformance/fleet.ts'
import { presenceConformance } from '../conformance/presence.ts'
import { serviceVariable } from '../helpers/services.ts'

const heartbeatMs = 200
const deadAfterMs = 2_000

/** The parts of an instance that this is about. */
const openInstance = async (url: string, prefix: string) => {
  const connection = await RedisConnection.open({ url, prefix })
  const errors: unknown[] = []
  const channels = new RedisChannels(connection, (error) => errors.push(error))
  const registry = await InstanceRegistry.open({ connection, heartbeatMs, deadAfterMs })
  const presence = new RedisPresence({ connection, channels, registry, leaveDelayMs: 200, refreshMs: 500 })
  const fleet = await RedisFleet.open({
    connection,
    channels,
    registry,
    onError: (error) => errors.push(error),
    confirmMs: 2_000,
  })
  return {
    connection,
    registry,
    presence,
    fleet,
    errors,
    async close() {
      await presence.close()
      await fleet.close()
      channels.close()
      await registry.close()
      connection.close()
    },
  }
}

type Instance = Awaited<ReturnType<typeof openInstance>>

const openThree = async (url: string): Promise<Instance[]> => {
  const prefix = `test-${randomUUID()}:`
  const instances = await Promise.all([1, 2, 3].map(() => openInstance(url, prefix)))
  for (const { registry } of instances) await expect.poll(() => registry.instances.size).toBe(3)
  return instances
}

for (const [name, variable] of [
  ['Redis', 'CODRAFT_TEST_REDIS_URL'],
  ['Redis Cluster', 'CODRAFT_TEST_REDIS_CLUSTER'],
] as const) {
  presenceConformance(name, async () => {
    const instances = await openThree(serviceVariable(variable))
    return {
      instances: instances.map(({ presence }) => presence),
      dispose: async () => void (await Promise.all(instances.map((instance) => instance.close()))),
    }
  })

  fleetConformance(name, async () => {
    const instances = await openThree(serviceVariable(variable))
    return {
      instances: instances.map(({ fleet }) => fleet),
      errors: instances[0]!.errors,
      dispose: async () => void (await Promise.all(instances.map((instance) => instance.close()))),
    }
  })
}

describe('instances over Redis', () => {
  let instances: Instance[]
  beforeEach(async () => {
    instances = await openThree(serviceVariable('CODRAFT_TEST_REDIS_URL'))
  })
  afterEach(() => Promise.all(instances.map((instance) => instance.close())))

  it('miss the users of one that is cut off after the stated time, and nobody else', async () => {
    const [a, b, c] = instances as [Instance, Instance, Instance]
    const events: string[] = []
    c.presence.onChange(({ type, user }) => events.push(`${type} ${user.userId}`))
    c.presence.enter('doc', { userId: 'carl' })
    b.presence.enter('doc', { userId: 'bob' })
    a.presence.enter('doc', { userId: 'ann' })
    await expect.poll(async () => (await c.presence.users('doc')).length).toBe(3)
    // As when its process is killed: nothing more is heard of it.
    a.connection.close()
    const startedAt = performance.now()
    await expect.poll(() => events).toContain('user_left ann')
    expect(performance.now() - startedAt).toBeLessThan(deadAfterMs + 2_000)
    expect((await c.presence.users('doc')).map(({ userId }) => userId).sort()).toEqual(['bob', 'carl'])
    await expect.poll(async () => (await b.presence.whereIs('ann')).length).toBe(0)
    expect(events.filter((event) => event.startsWith('user_left'))).toEqual(['user_left ann'])
  })

  it('carry a command out that was given while they were cut off', async () => {
    const [a, b] = instances as [Instance, Instance, Instance]
    const done: FleetCommand[] = []
    b.fleet.onCommand((command) => void done.push(command))
    b.connection.subscriber.disconnect()
    await a.fleet.publish({ type: 'roles', documentName: 'doc' })
    await expect.poll(() => done).toEqual([{ type: 'roles', documentName: 'doc' }])
  })

  it('carry a command out that was given while Redis was away, at the giver at once', async () => {
    const [a, b] = instances as [Instance, Instance, Instance]
    const done: [FleetCommand[], FleetCommand[]] = [[], []]
    a.fleet.onCommand((command) => void done[0].push(command))
    b.fleet.onCommand((command) => void done[1].push(command))
    const command: FleetCommand = { type: 'roles', documentName: 'doc' }
    ;(a.connection.commands as Redis).disconnect(true)
    expect(await a.fleet.publish(command)).toBe(false)
    expect(done).toEqual([[command], []])
    await expect.poll(() => done[1]).toEqual([command])
  })

  it('refuse a second one of the same name', async () => {
    const [{ connection, registry }] = instances as [Instance, ...Instance[]]
    await expect(InstanceRegistry.open({ connection, instance: registry.instance })).rejects.toThrow(
      `CODRAFT_INSTANCE_DUPLICATE: ${registry.instance}`,
    )
  })
})
