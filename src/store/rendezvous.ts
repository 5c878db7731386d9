import { createHash } from 'node:crypto'

/**
 * The shard of `key`, 0 to `shards` - 1: the one with the highest hash of shard and key. With one shard more, only
 * the keys of the new shard move.
 *
 * Source: Thaler, Ravishankar: Using name-based mappings to increase hit rates (1998).
 */
export const shardOf = (key: string, shards: number): number => {
  if (shards === 1) return 0
  let best = 0
  let bestScore = -1n
  for (let shard = 0; shard < shards; shard++) {
    const score = createHash('sha256').update(`${shard}\0${key}`).digest().readBigUInt64BE()
    if (score <= bestScore) continue
    best = shard
    bestScore = score
  }
  return best
}
