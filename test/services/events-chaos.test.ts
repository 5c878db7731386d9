import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import * as Y from 'yjs'
import { kafkaCluster } from '../../scripts/services/kafka-cluster.ts'
import { decodeEvent, KafkaEventLog, newEvent, topics, topicSpecs } from '../../extensions/events/index.ts'
import { addEvent } from '../../src/store/outbox.ts'
import { Store } from '../../src/store/Store.ts'
import { workerNames } from '../../src/workers/names.ts'
import { recipientsAt } from '../helpers/mailpit.ts'
import { MarkerWriter } from '../helpers/marker-writer.ts'
import { randomSeed, seededRandom } from '../helpers/random.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { serviceVariable, startOwn, type OwnService } from '../helpers/services.ts'
import { startWorkers, type WorkerProcess } from '../helpers/worker-process.ts'

const editCount = 10_000
const notificationCount = 1_000
const workerCount = 2
const seed = randomSeed()
/** What a process can have under way: 8 people in each partition. */
const mailsAtOnce = topics.notifications.partitions * 8
// Each notification is for somebody else: a second one to the same person would wait for a digest.
const domain = `${randomUUID()}.example.org`
const recipientOf = (index: number): string => `reader-${index}@${domain}`

let brokers: OwnService
let addresses: string
let server: TestServer
const workers: WorkerProcess[] = []
beforeEach(async () => {
  brokers = await startOwn(kafkaCluster)
  addresses = brokers.env['CODRAFT_TEST_KAFKA_CLUSTER'] ?? ''
  server = await startServer({
    env: {
      KAFKA_BROKERS: addresses,
      COMPACT_AFTER_BYTES: '65536',
      WORKERS: workerNames.filter((name) => name !== 'email').join(),
    },
  })
})
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.kill('SIGKILL')
  await server.close()
  await brokers.close()
})

/** How often a worker has said of an event that its mail may be the second one. */
const announced = new Map<string, number>()

const noteAnnouncement = (line: string): void => {
  if (!line.includes('a mail may be sent twice')) return
  const { event } = JSON.parse(line) as { event: string }
  announced.set(event, (announced.get(event) ?? 0) + 1)
}

const startWorker = async (index: number): Promise<void> => {
  const env = { KAFKA_BROKERS: addresses, SMTP_URL: serviceVariable('CODRAFT_TEST_SMTP_URL') }
  workers[index] = await startWorkers('email', server, env, noteAnnouncement)
}

it(
  `${editCount} edits and ${notificationCount} notifications while server, workers and brokers are killed (seed ${seed})`,
  { timeout: 900_000 },
  async () => {
    const random = seededRandom(seed)
    for (let index = 0; index < workerCount; index++) await startWorker(index)
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
    const eventIds: string[] = []
    const notifying = (async () => {
      const store = await Store.open({ databases: [`sqlite:${join(server.dataDir, 'store.sqlite')}`] })
      for (let index = 0; index < notificationCount; index++) {
        const documentName = names[index % names.length]!
        const data = { by: { id: 'w0' }, role: 'editor' as const, email: recipientOf(index) }
        const event = newEvent('document.shared', { documentName, data })
        await addEvent(store.of(documentName), event)
        eventIds.push(event.id)
        await delay(60)
      }
      await store.close()
    })()
    const faults = { server: 0, worker: 0, broker: 0 }
    const breaking = (async () => {
      while (!over.signal.aborted) {
        await delay(500 + random() * 1_000)
        const kind = random()
        if (kind < 0.3) {
          faults.server += 1
          await server.restart('SIGKILL')
        } else if (kind < 0.8) {
          faults.worker += 1
          const index = Math.floor(random() * workerCount)
          await workers[index]!.kill('SIGKILL')
          await startWorker(index)
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
      .poll(async () => new Set(await recipientsAt(domain)).size, { timeout: 180_000, interval: 1_000 })
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
    const mailCounts = Map.groupBy(await recipientsAt(domain), (recipient) => recipient)
    const surplus = eventIds.map((id, index) => ({
      mails: (mailCounts.get(recipientOf(index))?.length ?? 0) - 1,
      announced: announced.get(id) ?? 0,
    }))
    const twice = surplus.reduce((sum, { mails }) => sum + mails, 0)
    process.stdout.write(
      `\nevents: ${faults.server} kills of the server, ${faults.worker} of e-mail workers, ${faults.broker} of brokers; ` +
        `${acknowledged} edits acknowledged, all in ${published} events (${repeated} published again); ` +
        `${notificationCount} notifications mailed, ${twice} mails came twice because a worker died between the answer ` +
        `of SMTP and its mark (${announced.size} were announced as possibly such)\n`,
    )
    expect(surplus.filter(({ mails, announced }) => mails > announced)).toEqual([])
    expect(twice).toBeLessThanOrEqual(faults.worker * mailsAtOnce)
    await log.close()
    for (const writer of writers) await writer[Symbol.asyncDispose]()
  },
)
