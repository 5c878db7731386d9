import { z } from 'zod'
import { number, settings } from './leaf.ts'

/** Settings of several instances over Redis. */
export const fleetSettings = {
  redisUrl: z
    .string()
    .refine(
      (text) => text.split(',').every((node) => /^(rediss?:\/\/)?[^\s,/]+/.test(node.trim())),
      'must be redis://host:port, or several of them, comma-separated',
    )
    .optional()
    .register(settings, {
      env: 'REDIS_URL',
      secret: true,
      group: 'Fleet',
      description:
        'Redis 7 or newer that makes several instances one service; several addresses, comma-separated, are nodes of a Redis Cluster.',
    }),
  redisPrefix: z
    .string()
    .regex(/^[\w:.-]*$/, 'may hold letters, digits and _ : . - only')
    .default('')
    .register(settings, {
      env: 'REDIS_PREFIX',
      group: 'Fleet',
      description: 'Before all keys and channels in Redis, so that several fleets can share one.',
    }),
  redisGatherMs: number(0, 1_000, 10).register(settings, {
    env: 'REDIS_GATHER_MS',
    unit: 'ms',
    group: 'Fleet',
    description: 'As JOURNAL_GATHER_MS, for the journal in Redis.',
  }),
  redisWaitReplicas: number(0, 5, 0).register(settings, {
    env: 'REDIS_WAIT_REPLICAS',
    group: 'Fleet',
    description: 'Replicas of Redis that must have received an edit before it is acknowledged.',
  }),
  redisAntiEntropyMs: number(100, 3_600_000, 10_000).register(settings, {
    env: 'REDIS_ANTI_ENTROPY_MS',
    unit: 'ms',
    group: 'Fleet',
    description: 'Messages that Redis has lost without a trace are missed for this long at most.',
  }),
  instanceId: z
    .string()
    .regex(/^[\w-]{8}$/, 'must be eight letters, digits, _ or -')
    .optional()
    .register(settings, {
      env: 'INSTANCE_ID',
      group: 'Fleet',
      description: 'Name of this instance, unique in the fleet. Not set: it makes one at each start.',
    }),
}
