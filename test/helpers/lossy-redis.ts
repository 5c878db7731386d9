/** Preloaded by `node --import`: the share FLEET_LOSS of all announcements is lost without a trace, as in a network of Redis that is partitioned. */
import { Redis } from 'ioredis'

const loss = Number(process.env['FLEET_LOSS'])
const emit = Redis.prototype.emit
Redis.prototype.emit = function (this: Redis, name: string | symbol, ...args: unknown[]): boolean {
  if (name === 'smessageBuffer' && Math.random() < loss) return true
  return emit.call(this, name, ...args)
}
