import { decodeEvent, type AnyEvent, type StoredMessage } from '../../extensions/events/index.ts'
import type { Logger } from '../logger.ts'
import {
  addDelayed,
  countDelayed,
  isLaneDelayed,
  listDue,
  nextDueAt,
  postponeDelayed,
  removeDelayed,
  takeDue,
  type DelayedEvent,
} from '../store/delayed-events.ts'
import type { StoreDatabase } from '../store/schema.ts'
import type { Store } from '../store/Store.ts'
import type { Attempts } from './Attempts.ts'
import { Claims, leaseMs, type EventClaim } from './Claims.ts'
import { messageOf, rowOf, taskOf, type EventTask } from './event-task.ts'
import { Patience } from './Patience.ts'
import { observeAttempt } from './observe-attempt.ts'
import type { RunnableWorker } from './Worker.ts'
import type { WorkerMetrics } from './WorkerMetrics.ts'

export interface EventHandlerOptions {
  readonly worker: RunnableWorker
  readonly store: Pick<Store, 'all'>
  readonly logger: Logger
  readonly metrics: WorkerMetrics
  readonly attempts: Attempts
}

type Outcome = { readonly error?: unknown }

/** How often is looked for what other processes have left, ms. */
const sweepEveryMs = 5_000
const busyMs = 500
/** Delayed tasks of a patient worker that one process is at: most of them wait for an answer. */
const maxPatient = 64
export const defaultConcurrency = 8

/**
 * Handles events one by one, each part of them once. What fails is kept in the store until it is due again, with what
 * comes after it in its lane; for the event log it is done, so that nothing else waits for it.
 */
export class EventHandler {
  readonly #options: EventHandlerOptions
  readonly #attempts: Attempts
  readonly #claims: Claims
  readonly #maxUnderWay: number
  readonly #stopping = new AbortController()
  readonly #underWay = new Map<string, Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #wakeAt = Infinity
  #sweeping: Promise<void> = Promise.resolve()

  constructor(options: EventHandlerOptions) {
    this.#options = options
    this.#attempts = options.attempts
    const { name, patienceMs, concurrency = defaultConcurrency } = options.worker
    this.#claims = new Claims(name)
    this.#maxUnderWay = patienceMs === undefined ? concurrency : Math.max(maxPatient, concurrency)
  }

  /** Begins with what was delayed. */
  start(): void {
    this.#wake(0)
  }

  /**
   * Resolves when each part is handled, delayed or a dead letter.
   *
   * @throws the reason of `signal`
   */
  async handle(
    message: StoredMessage,
    event: AnyEvent,
    db: StoreDatabase,
    signal: AbortSignal,
  ): Promise<void> {
    const { worker, metrics } = this.#options
    const parts = await this.#partsOf(message, event, signal)
    if (!parts) return
    if (parts.length === 0) metrics.handled(worker.name, 1)
    const begun = parts.map((part) => this.#begin(taskOf(message, event, db, part), signal))
    for (const result of await Promise.allSettled(begun))
      if (result.status === 'rejected') throw result.reason
  }

  async countDelayed(): Promise<number> {
    const { store, worker } = this.#options
    const counts = await Promise.all(store.all.map((db) => countDelayed(db, worker.name)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** Completes what is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await this.#sweeping
    await Promise.all(this.#underWay.values())
    this.#claims.close()
  }

  /** Undefined when the event became a dead letter. */
  async #partsOf(
    message: StoredMessage,
    event: AnyEvent,
    signal: AbortSignal,
  ): Promise<readonly (string | undefined)[] | undefined> {
    const { worker } = this.#options
    if (!worker.parts) return [undefined]
    let parts: readonly string[] | undefined
    await this.#attempts.run({ message, event }, signal, async () => {
      parts = await worker.parts?.(event)
    })
    return parts
  }

  async #begin(task: EventTask, signal: AbortSignal): Promise<void> {
    const { db, lane } = task
    const { name } = this.#options.worker
    if (await this.#attempts.reaching(signal, () => isLaneDelayed(db, name, lane)))
      await this.#delay(task, Date.now(), signal)
    else await this.#try(task, signal)
  }

  async #try(task: EventTask, signal: AbortSignal): Promise<void> {
    const { worker, metrics } = this.#options
    const { db, id, event, isDelayed } = task
    const claim = { db, eventId: id, eventTime: event.time }
    const result = await this.#attempts.reaching(signal, () => this.#claims.take(claim))
    if (result === 'done') return isDelayed ? this.#remove(task, signal) : undefined
    if (result === 'busy') return this.#delay(task, Date.now() + busyMs, signal)
    const isRepeat = result === 'repeat'
    if (isRepeat) metrics.repeated(worker.name)
    const patience = new Patience(worker.patienceMs)
    const outcome: Promise<Outcome> = this.#attempts
      .attempt(signal, () => patience.during(() => this.#attempt(task, isRepeat, signal)))
      .then(
        () => ({}),
        (error: unknown) => ({ error }),
      )
    const isSlow = await Promise.race([outcome.then(() => false), patience.isOver])
    if (!isSlow || isDelayed || this.#underWay.size >= this.#maxUnderWay)
      return this.#settle(task, claim, await outcome, signal)
    const stored = this.#delay(task, Date.now() + leaseMs, signal)
    const isStored = stored.then(
      () => true,
      () => false,
    )
    this.#track(
      id,
      isStored.then(async (isDelayed) => this.#settle({ ...task, isDelayed }, claim, await outcome, signal)),
    )
    await stored
  }

  async #settle(task: EventTask, claim: EventClaim, { error }: Outcome, signal: AbortSignal): Promise<void> {
    const { worker, metrics } = this.#options
    try {
      if (error === undefined) {
        // What is done is noted even when the event goes to another process; it must not be done there again.
        if (signal.aborted) await this.#claims.finish(claim)
        else await this.#attempts.reaching(signal, () => this.#claims.finish(claim))
        metrics.handled(worker.name, 1)
        if (task.isDelayed) await this.#remove(task, signal)
      } else {
        await this.#fail(task, error, signal)
      }
    } finally {
      // Nothing has come of what is not finished: whoever gets it next begins anew.
      if (error !== undefined) await this.#claims.release(claim).catch(() => undefined)
      this.#claims.forget(claim)
    }
  }

  /** Delays what may succeed later; makes a dead letter of the rest. */
  async #fail(task: EventTask, error: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const failures = task.failures + 1
    const pauseMs = this.#attempts.pauseMs(task, failures, error)
    if (pauseMs !== undefined)
      return this.#delay({ ...task, failures }, Date.now() + Math.ceil(pauseMs), signal)
    await this.#attempts.bury(task, signal, error, failures)
    if (task.isDelayed) await this.#remove(task, signal)
  }

  async #delay(task: EventTask, dueAt: number, signal: AbortSignal): Promise<void> {
    const { db, id, isDelayed, failures } = task
    const worker = this.#options.worker.name
    await this.#attempts.reaching(signal, () =>
      isDelayed
        ? postponeDelayed(db, { worker, id, failures, dueAt })
        : addDelayed(db, rowOf(worker, task, dueAt)),
    )
    this.#wake(dueAt)
  }

  async #remove({ db, id }: EventTask, signal: AbortSignal): Promise<void> {
    const worker = this.#options.worker.name
    await this.#attempts.reaching(signal, () => removeDelayed(db, { worker, id }))
  }

  #wake(at: number): void {
    if (this.#stopping.signal.aborted || at >= this.#wakeAt) return
    this.#wakeAt = at
    clearTimeout(this.#timer)
    const sweep = (): void => {
      this.#wakeAt = Infinity
      this.#sweeping = this.#sweeping.then(() => this.#sweep())
    }
    this.#timer = setTimeout(sweep, Math.max(0, at - Date.now())).unref()
  }

  async #sweep(): Promise<void> {
    const { store, worker, logger } = this.#options
    let wakeAt = Date.now() + sweepEveryMs
    try {
      for (const db of store.all) {
        const now = Date.now()
        for (const row of await listDue(db, worker.name, now, this.#maxUnderWay)) {
          if (this.#stopping.signal.aborted || this.#underWay.size >= this.#maxUnderWay) return
          if (!this.#underWay.has(row.id)) this.#track(row.id, this.#retry(row, db))
        }
        wakeAt = Math.min(wakeAt, (await nextDueAt(db, worker.name, now)) ?? wakeAt)
      }
    } catch (err) {
      logger.debug({ err }, 'delayed events cannot be looked for yet')
    } finally {
      this.#wake(wakeAt)
    }
  }

  async #retry(row: DelayedEvent, db: StoreDatabase): Promise<void> {
    const { signal } = this.#stopping
    const now = Date.now()
    // Another process may have been at it since this one saw it.
    const failures = await this.#attempts.reaching(signal, () => takeDue(db, row, now, now + leaseMs))
    if (failures === undefined) return
    const message = messageOf(row)
    let event: AnyEvent
    try {
      event = decodeEvent(message)
    } catch (error) {
      // A later release has left it.
      await this.#attempts.bury({ message, event: undefined }, signal, error, failures)
      return removeDelayed(db, row)
    }
    await this.#try(
      { ...taskOf(message, event, db, row.part ?? undefined), failures, isDelayed: true },
      signal,
    )
  }

  /** Something that nobody waits for until the end. */
  #track(id: string, work: Promise<void>): void {
    const { logger } = this.#options
    const tracked = work
      .catch((err: unknown) => {
        if (!this.#stopping.signal.aborted) logger.warn({ err }, 'a delayed event waits on')
      })
      .finally(() => {
        this.#underWay.delete(id)
        // There may be more in its lane.
        this.#wake(Date.now())
      })
    this.#underWay.set(id, tracked)
  }

  #attempt({ event, part, failures, db }: EventTask, isRepeat: boolean, signal: AbortSignal): Promise<void> {
    const { worker, logger, metrics } = this.#options
    const attempt = failures + 1
    return observeAttempt({ worker, metrics, attempt }, [event], () =>
      worker.handle(event, { attempt, part, isRepeat, signal, logger, db }),
    )
  }
}
