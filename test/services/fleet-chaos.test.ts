import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { redis } from '../../scripts/services/redis.ts'
import { startFleet, type Fleet } from '../helpers/fleet.ts'
import { MarkerWriter, type Wire } from '../helpers/marker-writer.ts'
import { startNginx, type Balancer } from '../helpers/nginx.ts'
import { randomSeed, seededRandom } from '../helpers/random.ts'
import { startOwn, type OwnService } from '../helpers/services.ts'
import { textOf } from '../helpers/text.ts'
import { startProxy, type Proxy } from '../helpers/toxiproxy.ts'

/** The long form is part of `npm run test:soak`. */
const seconds = Number(process.env['CODRAFT_CHAOS_SECONDS'] ?? 20)
const seed = randomSeed()

let server: OwnService
let links: Proxy[]
let fleet: Fleet
let balancer: Balancer
beforeEach(async () => {
  server = await startOwn(redis)
  const address = new URL(server.env['CODRAFT_TEST_REDIS_URL']!).host
  links = await Promise.all([1, 2, 3].map(() => startProxy(address)))
  fleet = await startFleet({
    redisUrls: links.map((link) => `redis://${link.address}`),
    // A twentieth of all announcements gets lost.
    loss: 0.05,
    env: { COMPACT_AFTER_BYTES: '16384', REDIS_ANTI_ENTROPY_MS: '2000' },
  })
  balancer = await startNginx(fleet.instances.map(({ url }) => url))
})
afterEach(async () => {
  await balancer?.close()
  await fleet?.close()
  await Promise.all(links.map((link) => link.close()))
  await server.close()
})

it(
  `${seconds} s of edits while instances, Redis and the links between them die: all are equal, nothing acknowledged is lost (seed ${seed})`,
  { timeout: (seconds + 120) * 1_000 },
  async () => {
    const random = seededRandom(seed)
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!
    const entries = [balancer, ...fleet.instances]
    const acknowledged = new Map<string, string[]>()
    let writerCount = 0
    const open = (documentName: string, wire: Wire): Promise<MarkerWriter> =>
      MarkerWriter.connect(pick(entries), documentName, wire, `w${writerCount++}`)

    const writers = await Promise.all([
      ...['shared-0', 'shared-1', 'shared-2'].flatMap((name) => [
        open(name, 'hocuspocus'),
        open(name, 'hocuspocus'),
        open(name, 'y-websocket'),
        open(name, 'json'),
      ]),
      // Nobody else holds what these write: what the server loses is lost.
      ...['solo-0', 'solo-1', 'solo-2'].map((name) => open(name, 'hocuspocus')),
    ])
    const retire = async (writer: MarkerWriter): Promise<void> => {
      const { documentName } = writer
      acknowledged.set(documentName, [...(acknowledged.get(documentName) ?? []), ...writer.acknowledged])
      await writer[Symbol.asyncDispose]()
    }

    const endAt = performance.now() + seconds * 1_000
    const isOver = (): boolean => performance.now() > endAt
    const editing = (async () => {
      while (!isOver()) {
        for (const [index, writer] of writers.entries()) {
          writer.note()
          if (random() < 0.3) writer.write(random())
          // A client that has saved everything leaves, and takes its copy with it.
          else if (random() < 0.01 && writer.isSaved) {
            await retire(writer)
            writers[index] = await open(writer.documentName, 'hocuspocus')
          }
        }
        await delay(50)
      }
    })()

    const faults: string[] = []
    const fault = async (name: string, work: () => Promise<void>): Promise<void> => {
      faults.push(name)
      await work()
    }
    const breaking = (async () => {
      while (!isOver()) {
        await delay(500 + random() * 1_500)
        const index = Math.floor(random() * 3)
        const instance = fleet.instances[index]!
        const link = links[index]!
        const pauseMs = 200 + random() * 2_000
        const kind = random()
        if (kind < 0.35)
          await fault(`instance ${index} killed`, async () => {
            await instance.kill('SIGKILL')
            await delay(pauseMs)
            await instance.start()
          })
        else if (kind < 0.55)
          await fault(`link ${index} cut`, async () => {
            await link.cut()
            await delay(pauseMs)
            await link.mend()
          })
        else if (kind < 0.75)
          await fault(`link ${index} frozen`, async () => {
            for (const stream of ['upstream', 'downstream'] as const)
              await link.add({ type: 'timeout', stream, attributes: { timeout: 0 } })
            await delay(pauseMs)
            await link.clear()
          })
        else
          await fault('Redis killed', async () => {
            await server.kill()
            await delay(pauseMs)
            await server.start()
          })
      }
    })()
    await Promise.all([editing, breaking])
    expect(faults.length).toBeGreaterThan(2)

    const names = [...new Set(writers.map(({ documentName }) => documentName))]
    for (const name of names) {
      const own = writers.filter(({ documentName }) => documentName === name)
      for (const writer of own)
        if (writer.wire !== 'y-websocket')
          await expect.poll(() => writer.isSaved, { timeout: 40_000 }).toBe(true)
      await expect.poll(() => new Set(own.map(({ text }) => text)).size, { timeout: 40_000 }).toBe(1)
      for (const writer of own) writer.note()
      const marks = [...(acknowledged.get(name) ?? []), ...own.flatMap((writer) => writer.acknowledged)]
      for (const instance of fleet.instances) {
        const text = await textOf(instance, name)
        expect(text).toBe(own[0]!.text)
        expect(marks.filter((mark) => !text.includes(mark))).toEqual([])
      }
      expect(marks.length).toBeGreaterThan(0)
    }
    const total = names.reduce((sum, name) => sum + (acknowledged.get(name)?.length ?? 0), 0)
    process.stdout.write(
      `\nchaos: ${faults.length} faults (${faults.join(', ')}), ${writerCount} clients, ${total} edits acknowledged to clients that left\n`,
    )
    for (const writer of writers) await writer[Symbol.asyncDispose]()
  },
)
