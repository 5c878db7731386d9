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
import { Attempts } from './Attempts.ts'
import { handleByKey } from './batch.ts'
import { Claims, type EventClaim } from './Claims.ts'
import { messageOf } from './failures.ts'
import { traceProcessing } from './trace-processing.ts'
import { groupOf, type AnyWorker, type RunnableSqlWorker, type RunnableWorker } from './Worker.ts'
import type { WorkerMetrics } from './WorkerMetrics.ts'

export interface RunnerOptions {
  readonly worker: AnyWorker
  readonly log: Pick<EventLog, 'publish' | 'subscribe' | 'lag'>
  readonly store: Pick<Store, 'of' | 'ofUser'>
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
  /** Events that its group had not handled when that was last looked at. */
  readonly lag: number
}

interface Entry {
  readonly message: StoredMessage
  readonly event: AnyEvent
}

const defaultConcurrency = 8
const busyPollMs = 500
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
  readonly #claims: Claims
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
    this.#claims = new Claims(worker.name)
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
    await this.#options.worker.stop?.()
    this.#claims.close()
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
        this.#lag = partitions.reduce((sum, { lag }) => sum + lag, 0)
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
    return handleByKey(batch, worker.concurrency ?? defaultConcurrency, async (message) => {
      const event = await this.#eventIn(message, batch.signal)
      if (event) await this.#handleEvent(worker, message, event, batch.signal)
    })
  }

  /** Resolves to undefined when there is nothing to be done about the message: it is a dead letter now, or none of ours. */
  async #eventIn(message: StoredMessage, signal: AbortSignal): Promise<AnyEvent | undefined> {
    if (!this.#isOurs(message)) return undefined
    try {
      return this.#decode(message)
    } catch (error) {
      await this.#attempts.bury(message, signal, error, 1)
      return undefined
    }
  }

  #isOurs({ headers: { group }, time }: StoredMessage): boolean {
    if (group !== undefined && group !== groupOf(this.#options.worker.name)) return false
    // What was claimed for an older one may be forgotten by now.
    return time >= Date.now() - maxMessageAgeMs
  }

  async #handleEvent(
    worker: RunnableWorker,
    message: StoredMessage,
    event: AnyEvent,
    signal: AbortSignal,
  ): Promise<void> {
    const { metrics } = this.#options
    const claimed = await this.#claim(event, event.id, signal)
    if (!claimed) return
    const { claim, isRepeat } = claimed
    const once = async (part: string, effect: () => Promise<void>): Promise<void> => {
      const partly = await this.#claim(event, `${event.id}#${part}`, signal)
      if (partly) await this.#doOnce(partly.claim, signal, effect)
    }
    const isHandled = await this.#doOnce(claim, signal, () =>
      this.#attempts.run(message, signal, (attempt) =>
        this.#observed([event], attempt, () =>
          worker.handle(event, { attempt, isRepeat, signal, logger: this.#logger, db: claim.db, once }),
        ),
      ),
    )
    if (isHandled) metrics.handled(worker.name, 1)
  }

  /** Resolves to undefined when it is handled already. Waits while another process is at it. */
  async #claim(
    event: AnyEvent,
    eventId: string,
    signal: AbortSignal,
  ): Promise<{ readonly claim: EventClaim; readonly isRepeat: boolean } | undefined> {
    const { worker, metrics } = this.#options
    for (;;) {
      const { claim, result } = await this.#attempts.reaching(signal, async () => {
        const claim = { db: this.#databaseOf(event), eventId, eventTime: event.time }
        return { claim, result: await this.#claims.take(claim) }
      })
      if (result === 'done') return undefined
      if (result === 'busy') {
        await setTimeout(busyPollMs, undefined, { signal })
        continue
      }
      const isRepeat = result === 'repeat'
      if (isRepeat) metrics.repeated(worker.name)
      return { claim, isRepeat }
    }
  }

  /** `effect` resolves to false when nothing came of it. Resolves to whether something did. */
  async #doOnce(
    claim: EventClaim,
    signal: AbortSignal,
    effect: () => Promise<boolean | void>,
  ): Promise<boolean> {
    try {
      const isDone = (await this.#orRelease(claim, effect)) !== false
      const settle = () => (isDone ? this.#claims.finish(claim) : this.#claims.release(claim))
      // What is done is noted even when the event goes to another process; it must not be done there again.
      if (signal.aborted) await settle()
      else await this.#attempts.reaching(signal, settle)
      return isDone
    } finally {
      this.#claims.forget(claim)
    }
  }

  /** An effect that has failed has not happened: whoever gets the event next begins anew. */
  async #orRelease<Result>(claim: EventClaim, effect: () => Promise<Result>): Promise<Result> {
    try {
      return await effect()
    } catch (error) {
      await this.#claims.release(claim).catch(() => undefined)
      throw error
    }
  }

  async #applyBatch(worker: RunnableSqlWorker, batch: Batch): Promise<void> {
    const { messages, signal } = batch
    const entries: Entry[] = []
    for (const message of messages) {
      if (!this.#isOurs(message)) continue
      try {
        entries.push({ message, event: this.#decode(message) })
      } catch (error) {
        await this.#attempts.bury(message, signal, error, 1)
      }
    }
    const byDatabase = await this.#attempts.reaching(signal, async () =>
      Map.groupBy(entries, ({ event }) => this.#databaseOf(event)),
    )
    for (const [db, some] of byDatabase) {
      const isRedriven = ({ message }: Entry): boolean => message.headers['group'] !== undefined
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
    entries: readonly Entry[],
    signal: AbortSignal,
  ): Promise<number> {
    const [first, ...others] = entries.map(({ event }) => event)
    if (!first) return 0
    const events = [first, ...others] as const
    try {
      await this.#attempts.reaching(signal, () =>
        this.#observed(events, 1, () => applyTo(worker, db, events, false)),
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
    entries: readonly Entry[],
    signal: AbortSignal,
    areRedriven: boolean,
  ): Promise<number> {
    let applied = 0
    for (const { message, event } of entries) {
      const isApplied = await this.#attempts.run(message, signal, (attempt) =>
        this.#observed([event], attempt, () => applyTo(worker, db, [event], areRedriven)),
      )
      if (isApplied) applied += 1
    }
    return applied
  }

  /** Tells of an attempt in metrics and traces. */
  async #observed(
    events: readonly [AnyEvent, ...AnyEvent[]],
    attempt: number,
    work: () => Promise<void>,
  ): Promise<void> {
    const { worker, metrics } = this.#options
    const start = performance.now()
    try {
      await traceProcessing({ workerName: worker.name, attempt }, events, work)
    } finally {
      metrics.took(worker.name, performance.now() - start)
    }
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
