import type { Redis } from 'ioredis'
import type { DurabilityLevel } from '../journal/Journal.ts'
import type { RedisConnection } from './RedisConnection.ts'

export interface RedisDurability {
  readonly level: DurabilityLevel
  /** Why this is less than an acknowledgement should promise, and the cure; undefined at `disk` and `replicated`. */
  readonly warning?: string
}

const order: readonly DurabilityLevel[] = ['memory', 'process', 'disk', 'replicated']

/**
 * What Redis keeps of an answered write, read from the settings of all its nodes; the weakest one counts.
 *
 * @param replicas how many replicas each write waits for
 */
export const readDurability = async (
  connection: RedisConnection,
  replicas: number,
): Promise<RedisDurability> => {
  const all = await Promise.all(connection.nodes.map((node) => durabilityOf(node)))
  const weakest = all.reduce((a, b) => (order.indexOf(b.level) < order.indexOf(a.level) ? b : a))
  return replicas > 0 && weakest.level !== 'memory' ? { level: 'replicated' } : weakest
}

const durabilityOf = async (node: Redis): Promise<RedisDurability> => {
  const persistence = await node.info('persistence')
  if (!/^aof_enabled:1/m.test(persistence))
    return {
      level: 'memory',
      warning:
        'Redis keeps no append-only file: it loses acknowledged edits when it ends; set appendonly yes and appendfsync always',
    }
  const fsync = await appendFsync(node)
  if (fsync === 'always') return { level: 'disk' }
  return {
    level: 'process',
    warning:
      fsync === undefined
        ? 'Redis does not let its appendfsync setting be read (CONFIG GET): acknowledged edits are taken to survive kill -9, not power loss'
        : `Redis syncs its append-only file with appendfsync ${fsync}: acknowledged edits survive kill -9, not power loss; set appendfsync always`,
  }
}

/** Undefined where CONFIG is not allowed, as in many managed services. */
const appendFsync = async (node: Redis): Promise<string | undefined> => {
  try {
    const [, value] = (await node.config('GET', 'appendfsync')) as [string, string]
    return value
  } catch {
    return undefined
  }
}
