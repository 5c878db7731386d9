import { setTimeout } from 'node:timers/promises'
import {
  decodeEvent,
  keyOf,
  topicOf,
  topics,
  type AnyEvent,
  type Batch,
  type EventLog,
  type StoredMessage,
  type Subscription,
} from '../../extensions/events/index.ts'
import type { Logger } from '../logger.ts'
import { markHandled, maxMessageAgeMs } from '../store/handled-events.ts'
import type { StoreDatabase } from '../store/schema.ts'
import type { Store } from '../store/Store.ts'
import { Attempts, type Delivery } from './Attempts.ts'
import { handleByKey } from './batch.ts'
import { defaultConcurrency, EventHandler } from './EventHandler.ts'
import { messageOf } from './failures.ts'
import { observeAttempt } from './observe-attempt.ts'
import { groupOf, type AnyWorker, type RunnableSqlWorker } from './Worker.ts'
import type { WorkerMetrics } from './WorkerMetrics.ts'

export interface RunnerOptions {
  readonly worker: AnyWorker
  readonly log: Pick<EventLog, 'publish' | 'subscribe' | 'lag'>
  readonly store: Pick<Store, 'of' | 'ofUser' | 'all'>
  readonly logger: Logger
  readonly metrics: WorkerMetrics
  /** @default decodeEvent */
  readonly decode?: (message: StoredMessage) => AnyEvent
}

export interface RunnerStatus {
  readonly name: string
  /** `starting` until it has joined its group; `paused` while something that it needs is away. */
  readonly state: 'starting' | 'running' | 'paused'
  /** Why it does not run. */
  readonly error?: string
  /** Events that its group had not handled when that was last looked at, with those that are tried again later. */
  readonly lag: number
}

const lagEveryMs = 5_000
const firstRetryMs = 250
const maxRetryMs = 10_000

/**
 * Runs one worker as a member of its consumer group: partitions at the same time, events of one key in order, failures
 * tried again, dead letters, every event once.
 */
export class WorkerRunner {
  readonly #options: RunnerOptions
  readonly #logger: Logger
  readonly #attempts: Attempts
  /** Undefined for a worker that keeps rows. */
  readonly #handler: EventHandler | undefined
  readonly #decode: (message: StoredMessage) => AnyEvent
  readonly #stopping = new AbortController()
  #subscription: Subscription | undefined
  #isStarting = false
  #workerStart: Promise<void> | undefined
  #startError: string | undefined
  #lagTimer: NodeJS.Timeout | undefined
  #lag = 0

  constructor(options: RunnerOptions) {
    const { worker, logger } = options
    this.#options = options
    this.#decode = options.decode ?? decodeEvent
    this.#logger = logger.child({ worker: worker.name })
    this.#attempts = new Attempts({ ...options, logger: this.#logger })
    this.#handler =
      'handle' in worker
        ? new EventHandler({ ...options, worker, logger: this.#logger, attempts: this.#attempts })
        : undefined
  }

  get status(): RunnerStatus {
    const { pausedBy } = this.#attempts
    const error = this.#subscription ? pausedBy : this.#startError
    return {
      name: this.#options.worker.name,
      state: this.#subscription ? (pausedBy === undefined ? 'running' : 'paused') : 'starting',
      ...(error !== undefined && { error }),
      lag: this.#lag,
    }
  }

  /** Joins the group as soon as the log can be reached. */
  start(): void {
    if (this.#isStarting) return
    this.#isStarting = true
    void this.#join()
  }

  /** Completes the events that are under way, and leaves the rest to the other members or the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#lagTimer)
    await this.#subscription?.close()
    await this.#workerStart?.catch(() => undefined)
    await this.#handler?.stop()
    await this.#options.worker.stop?.()
  }

  async #join(): Promise<void> {
    const { worker, log } = this.#options
    const { signal } = this.#stopping
    let isStarted = false
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        if (!isStarted) await (this.#workerStart = Promise.resolve(worker.start?.()))
        isStarted = true
        const subscription = await log.subscribe({
          group: groupOf(worker.name),
          topics: worker.topics,
          gatherMs: worker.gatherMs ?? 0,
          handle: (batch) => this.#handle(batch),
          onError: (error) => this.#logger.warn({ err: error }, 'the event log'),
        })
        if (signal.aborted) return await subscription.close()
        this.#subscription = subscription
        this.#handler?.start()
        this.#watchLag()
        return
      } catch (error) {
        this.#startError = messageOf(error)
        if (failures === 0) this.#logger.warn({ err: error }, 'the worker cannot start yet')
        const waitMs = Math.min(maxRetryMs, firstRetryMs * 2 ** failures)
        await setTimeout(waitMs, undefined, { signal, ref: false }).catch(() => undefined)
      }
    }
  }

  #watchLag(): void {
    const { worker, log } = this.#options
    const look = async (): Promise<void> => {
      try {
        const partitions = await log.lag(groupOf(worker.name), worker.topics)
        const delayed = (await this.#handler?.countDelayed()) ?? 0
        this.#lag = partitions.reduce((sum, { lag }) => sum + lag, delayed)
      } catch {
        // The log is away: the last figure stands, and the subscription tells.
      }
      if (!this.#stopping.signal.aborted)
        this.#lagTimer = globalThis.setTimeout(() => void look(), lagEveryMs).unref()
    }
    void look()
  }

  #handle(batch: Batch): Promise<void> {
    const { worker } = this.#options
    if ('apply' in worker) return this.#applyBatch(worker, batch)
    const { signal } = batch
    return handleByKey(batch, worker.concurrency ?? defaultConcurrency, async (message) => {
      const event = await this.#eventIn(message, signal)
      if (!event) return
      const db = await this.#attempts.reaching(signal, async () => this.#databaseOf(event))
      await this.#handler?.handle(message, event, db, signal)
    })
  }

  /** Resolves to undefined when there is nothing to be done about the message: it is a dead letter now, or none of ours. */
  async #eventIn(message: StoredMessage, signal: AbortSignal): Promise<AnyEvent | undefined> {
    if (!this.#isOurs(message)) return undefined
    try {
      return this.#decode(message)
    } catch (error) {
      await this.#attempts.bury({ message, event: undefined }, signal, error, 1)
      return undefined
    }
  }

  #isOurs({ headers: { group }, time }: StoredMessage): boolean {
    if (group !== undefined && group !== groupOf(this.#options.worker.name)) return false
    // What was claimed for an older one may be forgotten by now.
    return time >= Date.now() - maxMessageAgeMs
  }

  async #applyBatch(worker: RunnableSqlWorker, batch: Batch): Promise<void> {
    const { messages, signal } = batch
    const entries: Delivery<AnyEvent>[] = []
    for (const message of messages) {
      const event = await this.#eventIn(message, signal)
      if (event) entries.push({ message, event })
    }
    const byDatabase = await this.#attempts.reaching(signal, async () =>
      Map.groupBy(entries, ({ event }) => this.#databaseOf(event)),
    )
    for (const [db, some] of byDatabase) {
      const isRedriven = ({ message }: Delivery): boolean => message.headers['group'] !== undefined
      const regular = some.filter((entry) => !isRedriven(entry))
      const handled =
        (await this.#applyTogether(worker, db, regular, signal)) +
        (await this.#applyEach(worker, db, some.filter(isRedriven), signal, true))
      this.#options.metrics.handled(worker.name, handled)
    }
  }

  /** Resolves to the number of events that did not become dead letters. */
  async #applyTogether(
    worker: RunnableSqlWorker,
    db: StoreDatabase,
    entries: readonly Delivery<AnyEvent>[],
    signal: AbortSignal,
  ): Promise<number> {
    const { metrics } = this.#options
    const [first, ...others] = entries.map(({ event }) => event)
    if (!first) return 0
    const events = [first, ...others] as const
    try {
      await this.#attempts.reaching(signal, () =>
        observeAttempt({ worker, metrics, attempt: 1 }, events, () => applyTo(worker, db, events, false)),
      )
      return entries.length
    } catch {
      // One of them is the cause: the others are not to suffer from it.
      signal.throwIfAborted()
      return this.#applyEach(worker, db, entries, signal, false)
    }
  }

  async #applyEach(
    worker: RunnableSqlWorker,
    db: StoreDatabase,
    entries: readonly Delivery<AnyEvent>[],
    signal: AbortSignal,
    areRedriven: boolean,
  ): Promise<number> {
    const { metrics } = this.#options
    let applied = 0
    for (const entry of entries) {
      const isApplied = await this.#attempts.run(entry, signal, (attempt) =>
        observeAttempt({ worker, metrics, attempt }, [entry.event], () =>
          applyTo(worker, db, [entry.event], areRedriven),
        ),
      )
      if (isApplied) applied += 1
    }
    return applied
  }

  #databaseOf(event: AnyEvent): StoreDatabase {
    const { store } = this.#options
    return topics[topicOf(event.type)].key === 'document'
      ? store.of(event.documentName)
      : store.ofUser(keyOf(event))
  }
}

const applyTo = (
  worker: RunnableSqlWorker,
  db: StoreDatabase,
  events: readonly AnyEvent[],
  isRedriven: boolean,
): Promise<void> =>
  db.transaction().execute((tx) =>
    worker.apply(events, {
      db: tx,
      isRedriven,
      async unapplied(candidates) {
        const fresh = await markHandled(tx, worker.name, candidates)
        return candidates.filter(({ id }) => fresh.delete(id))
      },
    }),
  )
