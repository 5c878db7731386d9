import type { EventLog, GroupLag, TopicState } from '../../extensions/events/index.ts'
import { deadLetterTopic, topicSpecs } from '../../extensions/events/index.ts'
import { listSettled } from '../store/dead-letters.ts'
import { outboxBacklog } from '../store/outbox.ts'
import type { Store } from '../store/Store.ts'

/** Figures of other services. */
export interface Figures {
  readonly topics: readonly TopicState[]
  readonly lags: readonly GroupLag[]
  /** Messages that workers could not handle, neither retried nor dropped, of each dead letter topic. */
  readonly deadLetters: ReadonlyMap<string, number>
  readonly outboxEvents: number
  /** Age of the oldest event in the outbox, ms; 0 when it is empty. */
  readonly outboxOldestMs: number
}

export const pollMs = 10_000
/** Consumer groups of the workers. */
const groupPrefix = 'codraft-'

const nothing: Figures = { topics: [], lags: [], deadLetters: new Map(), outboxEvents: 0, outboxOldestMs: 0 }

/**
 * What has to be asked of the event log and the databases: asked again and again, so that a scrape never waits for
 * them. Empty while they are away.
 */
export class PolledFigures {
  readonly #log: EventLog
  readonly #store: Store
  #figures = nothing
  #timer: NodeJS.Timeout | undefined
  #polling: Promise<void> | undefined

  constructor({ log, store }: { readonly log: EventLog; readonly store: Store }) {
    this.#log = log
    this.#store = store
  }

  get current(): Figures {
    return this.#figures
  }

  start(): void {
    this.#polling = this.#poll().then(() => {
      if (this.#polling) this.#timer = setTimeout(() => this.start(), pollMs).unref()
    })
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    const polling = this.#polling
    this.#polling = undefined
    await polling
  }

  async #poll(): Promise<void> {
    // Their failures are logged and reported by whoever needs them.
    const [topics, outbox] = await Promise.all([
      this.#topics().catch(() => ({ topics: [], lags: [] })),
      this.#outbox().catch(() => ({ outboxEvents: 0, outboxOldestMs: 0 })),
    ])
    const deadLetters = await this.#deadLetters(topics.topics).catch(() => new Map<string, number>())
    this.#figures = { ...topics, ...outbox, deadLetters }
  }

  async #topics(): Promise<Pick<Figures, 'topics' | 'lags'>> {
    const topics = await this.#log.describe(topicSpecs.map(({ name }) => name))
    const names = topics.map(({ name }) => name)
    return { topics, lags: await this.#log.groupLags(groupPrefix, names) }
  }

  async #deadLetters(topics: readonly TopicState[]): Promise<Map<string, number>> {
    const counts = topics
      .filter(({ name }) => name.endsWith(deadLetterTopic('')))
      .map(async ({ name, partitions }): Promise<[string, number]> => {
        const start = Math.min(...partitions.map((partition) => partition.start))
        const total = partitions.reduce((sum, { start, end }) => sum + end - start, 0)
        const settled = await listSettled(this.#store.of(name), name)
        return [name, total - [...settled].filter((offset) => offset >= start).length]
      })
    return new Map(await Promise.all(counts))
  }

  async #outbox(): Promise<Pick<Figures, 'outboxEvents' | 'outboxOldestMs'>> {
    const backlogs = await Promise.all(this.#store.all.map(outboxBacklog))
    const oldest = backlogs.map(({ oldestAt }) => oldestAt).filter((at) => at !== null)
    return {
      outboxEvents: backlogs.reduce((sum, { events }) => sum + events, 0),
      outboxOldestMs: oldest.length === 0 ? 0 : Math.max(0, Date.now() - Math.min(...oldest)),
    }
  }
}
