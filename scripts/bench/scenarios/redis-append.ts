import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedisConnection, RedisJournal } from '../../../extensions/redis/index.ts'
import { redis } from '../../services/redis.ts'
import { pace } from '../lib/pace.ts'
import type { Figures, Run } from '../lib/Run.ts'
import { percentiles } from '../lib/stats.ts'

/** How long it takes until an append is durable in a Redis with `appendfsync always`, without sockets and documents. */
export const redisAppend = async (run: Run, rates: readonly number[]): Promise<Figures> => {
  const folder = await mkdtemp(join(tmpdir(), 'codraft-bench-redis-'))
  const server = await redis.start({ folder })
  const figures: Record<string, number> = {}
  const seconds = run.quick ? 4 : 10
  for (const rate of rates) {
    const connection = await RedisConnection.open({
      url: server.env['CODRAFT_TEST_REDIS_URL'] ?? '',
      prefix: `${rate}:`,
    })
    const journal = await RedisJournal.open({ connection, instance: 'benchmrk' })
    const update = new Uint8Array(150)
    const documents = 100
    const waits: number[] = []
    const pacer = pace(documents, rate / documents, (index) => {
      const sentAt = performance.now()
      void journal
        .whenDurable(journal.append(`document-${index}`, update))
        .then(() => waits.push(performance.now() - sentAt))
    })
    await sleep(seconds * 1_000)
    pacer.stop()
    await journal.close()
    connection.close()
    const { p50, p99 } = percentiles(waits)
    figures[`p50msAt${rate}`] = p50
    figures[`p99msAt${rate}`] = p99
    figures[`appendsPerSecondAt${rate}`] = waits.length / seconds
  }
  await server.stop()
  await rm(folder, { recursive: true, force: true })
  return figures
}
