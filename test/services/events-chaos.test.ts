import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import * as Y from 'yjs'
import { kafkaCluster } from '../../scripts/services/kafka-cluster.ts'
import { decodeEvent, KafkaEventLog, newEvent, topicSpecs } from '../../extensions/events/index.ts'
import { addEvent } from '../../src/store/outbox.ts'
import { Store } from '../../src/store/Store.ts'
import { MarkerWriter } from '../helpers/marker-writer.ts'
import { randomSeed, seededRandom } from '../helpers/random.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { startOwn, type OwnService } from '../helpers/services.ts'

const editCount = 10_000
const notificationCount = 1_000
const workerCount = 2
const seed = randomSeed()
const script = fileURLToPath(new URL('../helpers/noting-worker.ts', import.meta.url))

let brokers: OwnService
let addresses: string
let server: TestServer
let notes: string
const workers: ChildProcess[] = []
beforeEach(async () => {
  brokers = await startOwn(kafkaCluster)
  addresses = brokers.env['CODRAFT_TEST_KAFKA_CLUSTER'] ?? ''
  server = await startServer({ env: { KAFKA_BROKERS: addresses, COMPACT_AFTER_BYTES: '65536' } })
  notes = join(server.dataDir, 'notes.txt')
})
afterEach(async () => {
  for (const worker of workers.splice(0)) worker.kill('SIGKILL')
  await server.close()
  await brokers.close()
})

const startWorker = (index: number): void => {
  workers[index] = spawn(process.execPath, [script, notes], {
    env: { ...process.env, KAFKA_BROKERS: addresses, CODRAFT_DATA_DIR: server.dataDir },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

const killWorker = async (index: number): Promise<void> => {
  const worker = workers[index]!
  const exited = once(worker, 'exit')
  worker.kill('SIGKILL')
  await exited
}

/** Ids of notifications whose effect has happened, and how often after the end of another process. */
const effects = async () => {
  const lines = (await readFile(notes, 'utf8').catch(() => '')).split('\n').filter(Boolean)
  const byId = Map.groupBy(
    lines.map((line) => line.split(' ') as [string, string]),
    ([id]) => id,
  )
  const twice = [...byId.values()].filter((entries) => entries.length > 1)
  return {
    once: byId.size,
    twice: twice.length,
    // Only an effect after the death of a process may be a second one.
    unexplained: twice.filter((entries) => entries.slice(1).some(([, kind]) => kind !== 'repeat')).length,
  }
}

it(
  `${editCount} edits and ${notificationCount} notifications while server, workers and brokers are killed (seed ${seed})`,
  { timeout: 900_000 },
  async () => {
    const random = seededRandom(seed)
    for (let index = 0; index < workerCount; index++) startWorker(index)
    const names = Array.from({ length: 10 }, (_, index) => `document-${index}`)
    const writers = await Promise.all(
      names.map((name, index) => MarkerWriter.connect(server, name, 'hocuspocus', `w${index}`)),
    )
    await expect.poll(() => writers.every(({ isSynced }) => isSynced)).toBe(true)

    const over = new AbortController()
    const editing = (async () => {
      for (let edit = 0; edit < editCount; edit += writers.length) {
        for (const writer of writers) {
          writer.note()
          writer.write(1)
        }
        await delay(40)
      }
    })()
    const notifying = (async () => {
      const store = await Store.open({ databases: [`sqlite:${join(server.dataDir, 'store.sqlite')}`] })
      for (let index = 0; index < notificationCount; index++) {
        const documentName = names[index % names.length]!
        const userId = `user-${index % 50}`
        const data = { by: { id: 'w0' }, place: 'document' as const }
        await addEvent(store.of(documentName), newEvent('user.mentioned', { documentName, userId, data }))
        await delay(20)
      }
      await store.close()
    })()
    const faults = { server: 0, worker: 0, broker: 0 }
    const breaking = (async () => {
      while (!over.signal.aborted) {
        await delay(1_000 + random() * 1_500)
        const kind = random()
        if (kind < 0.3) {
          faults.server += 1
          await server.restart('SIGKILL')
        } else if (kind < 0.8) {
          faults.worker += 1
          const index = Math.floor(random() * workerCount)
          await killWorker(index)
          startWorker(index)
        } else {
          faults.broker += 1
          const node = brokers.nodes[Math.floor(random() * brokers.nodes.length)]!
          await node.kill()
          await delay(1_000)
          await node.start()
        }
      }
    })()
    await Promise.all([editing, notifying])
    over.abort()
    await breaking

    await expect.poll(() => writers.every(({ isSaved }) => isSaved), { timeout: 120_000 }).toBe(true)
    for (const writer of writers) writer.note()
    await expect
      .poll(async () => (await effects()).once, { timeout: 180_000, interval: 1_000 })
      .toBe(notificationCount)

    const log = new KafkaEventLog({ brokers: addresses.split(','), sessionTimeoutMs: 6_000 })
    await log.ensureTopics(topicSpecs)
    const eventsOf = async () => {
      const events = (await log.read('document-edits', 1_000_000)).map(decodeEvent)
      return Map.groupBy(
        events.filter((event) => event.type === 'document.edited'),
        ({ documentName }) => documentName,
      )
    }
    const missing = async (): Promise<number> => {
      const byDocument = await eventsOf()
      let count = 0
      for (const { documentName, acknowledged } of writers) {
        const document = new Y.Doc()
        for (const { data } of byDocument.get(documentName) ?? [])
          Y.applyUpdate(document, Buffer.from(data.update, 'base64'))
        const text = document.getText('text').toJSON()
        count += acknowledged.filter((marker) => !text.includes(marker)).length
      }
      return count
    }
    await expect.poll(missing, { timeout: 120_000, interval: 2_000 }).toBe(0)

    let published = 0
    let repeated = 0
    for (const events of (await eventsOf()).values()) {
      // In order: what comes again comes in the order it had.
      const seen = new Set<string>()
      const firsts = events.filter(({ id }) => !seen.has(id) && seen.add(id))
      const positions = firsts.map(({ data }) => data.position)
      expect(positions).toEqual(positions.toSorted((a, b) => a - b))
      published += events.length
      repeated += events.length - firsts.length
    }
    const acknowledged = writers.reduce((sum, writer) => sum + writer.acknowledged.length, 0)
    expect(acknowledged).toBe(editCount)
    const { twice, unexplained } = await effects()
    process.stdout.write(
      `\nevents: ${faults.server} kills of the server, ${faults.worker} of workers, ${faults.broker} of brokers; ` +
        `${acknowledged} edits acknowledged, all in ${published} events (${repeated} published again); ` +
        `${notificationCount} notifications handled, ${twice} of them twice because a worker died between effect and mark\n`,
    )
    expect(unexplained).toBe(0)
    expect(twice).toBeLessThanOrEqual(faults.worker * 16)
    await log.close()
    for (const writer of writers) await writer[Symbol.asyncDispose]()
  },
)
