// `npm run bench:events`: how many events of `document-edits` are published and handled a second, beside the bare kafkajs
// client on the same broker in the same run, and how many cores that is at the rate of a large fleet.
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import {
  encodeEvent,
  KafkaEventLog,
  newEvent,
  topicSpecs,
  type CodraftEvent,
  type EventLog,
} from '../extensions/events/index.ts'
import { Store } from '../src/store/Store.ts'
import { analyticsWorker } from '../src/workers/analytics.ts'
import { WorkerRunner } from '../src/workers/runner.ts'
import type { AnyWorker, SqlWorker, Worker } from '../src/workers/Worker.ts'
import { WorkerMetrics } from '../src/workers/WorkerMetrics.ts'
import { kafka } from './services/kafka.ts'

const eventCount = 200_000
/** Events that are claimed one by one. */
const claimedCount = 10_000
const documents = 500
const batchEvents = 100
const publishers = 8
const rounds = 3
/** Rate of a large fleet, which the CPU time is scaled to. */
const fleetEventsPerSecond = 161_000
const topic = 'document-edits'

const eventOf = (index: number): CodraftEvent<'document.edited'> => {
  const documentName = `doc-${index % documents}`
  const position = Math.floor(index / documents) + 1
  const counts = { edits: 1, inserted: 1, deleted: 0 }
  return newEvent('document.edited', {
    id: `j:${documentName}:${position}`,
    documentName,
    data: {
      update: 'AQHn8PKvBAqE5/DyrwQJAXgA',
      journal: 'j',
      position,
      ...counts,
      authors: [{ userId: 'u1', ...counts }],
    },
  })
}

const events = Array.from({ length: eventCount }, (_, index) => eventOf(index))
const messages = events.map(encodeEvent)
const batches = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / batchEvents) }, (_, index) =>
    items.slice(index * batchEvents, (index + 1) * batchEvents),
  )

interface Figures {
  readonly perSecond: number
  /** CPU time of this process with all its threads, for each event, µs. */
  readonly cpuUs: number
}

const measure = async (count: number, work: () => Promise<void>): Promise<Figures> => {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: count / seconds, cpuUs: (user + system) / count }
}

const inTurns = async <T>(items: readonly T[], send: (item: T) => Promise<unknown>): Promise<void> => {
  const waiting = items.values()
  await Promise.all(
    Array.from({ length: publishers }, async () => {
      for (const item of waiting) await send(item)
    }),
  )
}

const folder = await mkdtemp(join(tmpdir(), 'codraft-bench-events-'))
await kafka.install()
const broker = await kafka.start({ folder })
const brokers = (broker.env['CODRAFT_TEST_KAFKA_BROKERS'] ?? '').split(',')
const client = new Kafka({ brokers, logLevel: logLevel.ERROR })
const log = new KafkaEventLog({ brokers })
await log.ensureTopics(topicSpecs)

const barePublish = async (): Promise<Figures> => {
  const producer = client.producer({
    idempotent: true,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  // Every partition has its leader before there are several requests at once: kafkajs loses count of them otherwise.
  await producer.send({ topic, acks: -1, messages: messages.slice(0, documents) })
  try {
    return await measure(eventCount, () =>
      inTurns(batches(messages), (batch) => producer.send({ topic, acks: -1, messages: batch })),
    )
  } finally {
    await producer.disconnect()
  }
}

/** With checking and encoding the events, which the bare client does not do. */
const codraftPublish = (): Promise<Figures> =>
  measure(eventCount, () => inTurns(batches(events), (batch) => log.publish(topic, batch.map(encodeEvent))))

let groups = 0
const newGroup = (): string => `bench-${process.pid}-${(groups += 1)}`

/** Measures from the first event on: joining a group takes as long for all. */
const handlingOf = (count: number) => {
  const started = Promise.withResolvers<void>()
  const finished = Promise.withResolvers<void>()
  let seen = 0
  return {
    began: () => started.resolve(),
    handled(events: number) {
      seen += events
      if (seen >= count) finished.resolve()
    },
    async figures(): Promise<Figures> {
      await started.promise
      return measure(count, () => finished.promise)
    },
  }
}

/** Reads `count` messages from the beginning of the topic in a new group. */
const bareConsume = async (count: number, touch: (value: Buffer | null) => void): Promise<Figures> => {
  const consumer = client.consumer({ groupId: newGroup(), allowAutoTopicCreation: false })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const handling = handlingOf(count)
  try {
    const figures = handling.figures()
    await consumer.run({
      partitionsConsumedConcurrently: 4,
      eachBatch: async ({ batch, resolveOffset }) => {
        handling.began()
        for (const message of batch.messages) {
          touch(message.value)
          resolveOffset(message.offset)
        }
        handling.handled(batch.messages.length)
      },
    })
    return await figures
  } finally {
    await consumer.disconnect()
  }
}

const store = await Store.open({ databases: [`sqlite:${join(folder, 'store.sqlite')}`] })

/** The log with a sign of the first message. */
const announcing = (began: () => void): Pick<EventLog, 'publish' | 'subscribe' | 'lag'> => ({
  publish: (...args) => log.publish(...args),
  lag: (...args) => log.lag(...args),
  subscribe: (options) =>
    log.subscribe({
      ...options,
      handle(batch) {
        began()
        return options.handle(batch)
      },
    }),
})

/** `make` gets a function to call with the number of events that are handled. */
const codraftConsume = async (
  count: number,
  make: (handled: (events: number) => void) => AnyWorker,
): Promise<Figures> => {
  const handling = handlingOf(count)
  const runner = new WorkerRunner({
    worker: { ...make(handling.handled), name: newGroup() },
    log: announcing(handling.began),
    store,
    logger: pino({ level: 'silent' }),
    metrics: new WorkerMetrics(new Registry()),
  })
  try {
    runner.start()
    return await handling.figures()
  } finally {
    await runner.stop()
  }
}

/** Nothing but what the runner does itself. */
const emptyWorker = (handled: (events: number) => void): SqlWorker<'document-edits'> => ({
  name: '',
  topics: [topic],
  apply: async (events) => handled(events.length),
})

const countingWorker = (handled: (events: number) => void): SqlWorker<'document-edits'> => ({
  name: '',
  topics: [topic],
  async apply(events, transaction) {
    await analyticsWorker().apply(events, transaction)
    handled(events.length)
  },
})

const claimingWorker = (handled: (events: number) => void): Worker<'document-edits'> => ({
  name: '',
  topics: [topic],
  handle: async () => handled(1),
})

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const results = new Map<string, Figures[]>()
const note = (name: string, figures: Figures): void => {
  results.set(name, [...(results.get(name) ?? []), figures])
}

// The first rounds of both compile their code; they are not counted.
for (let round = 0; round <= rounds; round++) {
  const bare = await barePublish()
  const ours = await codraftPublish()
  if (round === 0) continue
  note('publish: kafkajs', bare)
  note('publish: codraft', ours)
}
for (let round = 0; round <= rounds; round++) {
  const bare = await bareConsume(eventCount, () => undefined)
  const parsing = await bareConsume(eventCount, (value) => void JSON.parse(String(value)))
  const empty = await codraftConsume(eventCount, emptyWorker)
  const counting = await codraftConsume(eventCount, countingWorker)
  if (round === 0) continue
  note('handle: kafkajs eachBatch', bare)
  note('handle: kafkajs eachBatch, JSON.parse', parsing)
  note('handle: codraft worker', empty)
  note('handle: codraft analytics', counting)
}
note('handle: codraft, each event claimed', await codraftConsume(claimedCount, claimingWorker))

const baselines: Readonly<Record<string, string>> = {
  publish: 'publish: kafkajs',
  handle: 'handle: kafkajs eachBatch',
}
const medianOf = (name: string, figure: keyof Figures): number =>
  median((results.get(name) ?? []).map((row) => row[figure]))
const bytes = Math.round(messages.reduce((sum, { value }) => sum + value.length, 0) / messages.length)
console.log(`Node ${process.version}, ${cpus()[0]?.model} × ${cpus().length}, one broker beside it`)
console.log(`${eventCount} events of ${bytes} bytes, median of ${rounds} rounds\n`)
console.table(
  Object.fromEntries(
    Array.from(results.keys(), (name) => {
      const baseline = baselines[name.split(':')[0] ?? ''] ?? name
      const cpuUs = medianOf(name, 'cpuUs')
      return [
        name,
        {
          'events/s': Math.round(medianOf(name, 'perSecond')),
          ratio: Number((medianOf(name, 'perSecond') / medianOf(baseline, 'perSecond')).toFixed(2)),
          'CPU µs/event': Number(cpuUs.toFixed(1)),
          'ratio of CPU': Number((medianOf(baseline, 'cpuUs') / cpuUs).toFixed(2)),
          [`cores at ${fleetEventsPerSecond}/s`]: Number(((cpuUs * fleetEventsPerSecond) / 1e6).toFixed(1)),
        },
      ]
    }),
  ),
)

await log.close()
await store.close()
await broker.kill()
await rm(folder, { recursive: true, force: true })
