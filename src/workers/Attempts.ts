import { setTimeout } from 'node:timers/promises'
import {
  deadLetterTopic,
  type AnyEvent,
  type EventLog,
  type StoredMessage,
} from '../../extensions/events/index.ts'
import { traceIdOf } from '../../extensions/tracing/index.ts'
import type { Logger } from '../logger.ts'
import { kindOf, messageOf, TryLater } from './failures.ts'
import { Pause } from './Pause.ts'
import { groupOf, type RetryOptions } from './Worker.ts'
import type { WorkerMetrics } from './WorkerMetrics.ts'

const defaultRetry: RetryOptions = { attempts: 8, firstMs: 500, maxMs: 60_000 }
const maxCauseLength = 1_000

export interface AttemptsOptions {
  readonly worker: { readonly name: string; readonly retry?: Partial<RetryOptions> }
  readonly log: Pick<EventLog, 'publish'>
  readonly logger: Logger
  readonly metrics: WorkerMetrics
}

/** A message, and the event in it; undefined when it holds none. */
export interface Delivery<Event = AnyEvent | undefined> {
  readonly message: StoredMessage
  readonly event: Event
}

/** Tries what a worker does about an event until it is handled or a dead letter. */
export class Attempts {
  readonly #options: AttemptsOptions
  readonly #retry: RetryOptions
  /** For what the worker itself needs, and for the databases and the log: one that is back says nothing of the other. */
  readonly #workerPause = new Pause()
  readonly #runnerPause = new Pause()

  constructor(options: AttemptsOptions) {
    this.#options = options
    this.#retry = { ...defaultRetry, ...options.worker.retry }
  }

  /** What the worker waits for; undefined while it works. */
  get pausedBy(): string | undefined {
    return this.#workerPause.reason ?? this.#runnerPause.reason
  }

  /**
   * Resolves to true when an attempt has succeeded, and to false when the event is a dead letter. While something that
   * the worker needs is away it waits, and counts no attempt.
   *
   * @throws the reason of `signal`
   */
  async run(
    delivery: Delivery,
    signal: AbortSignal,
    attempt: (number: number) => Promise<void>,
  ): Promise<boolean> {
    for (let number = 1; ; number++) {
      try {
        await this.attempt(signal, () => attempt(number))
        return true
      } catch (error) {
        signal.throwIfAborted()
        const pauseMs = this.pauseMs(delivery, number, error)
        if (pauseMs === undefined) {
          await this.bury(delivery, signal, error, number)
          return false
        }
        await setTimeout(pauseMs, undefined, { signal })
      }
    }
  }

  /** Runs one attempt, again and again while something that the worker needs is away. */
  attempt<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.#reaching(this.#workerPause, signal, work)
  }

  /** How long to wait after a number of failures, the last of them `error`; undefined when it is not to be tried again. */
  pauseMs(delivery: Delivery, failures: number, error: unknown): number | undefined {
    const { worker, logger, metrics } = this.#options
    const { attempts, firstMs, maxMs } = this.#retry
    if (kindOf(error) === 'permanent' || failures >= attempts) return undefined
    metrics.retried(worker.name)
    logger.warn({ err: error, ...namesOf(delivery), attempt: failures }, 'an event is tried again')
    const backOffMs = Math.min(maxMs, firstMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2)
    return error instanceof TryLater ? Math.max(error.afterMs, backOffMs) : backOffMs
  }

  /** Runs `work` on the databases or the log, again and again while these are away. */
  reaching<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return this.#reaching(this.#runnerPause, signal, work)
  }

  async #reaching<Result>(pause: Pause, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const { logger } = this.#options
    for (;;) {
      await pause.wait(signal)
      try {
        const result = await work()
        if (pause.end()) logger.info('the worker goes on')
        return result
      } catch (error) {
        if (kindOf(error) !== 'down') throw error
        if (pause.begin(messageOf(error))) logger.error({ err: error }, 'the worker waits')
      }
    }
  }

  /** Makes the message a dead letter. */
  async bury(delivery: Delivery, signal: AbortSignal, error: unknown, attempts: number): Promise<void> {
    const { worker, log, logger, metrics } = this.#options
    const { topic, partition, offset, key, value } = delivery.message
    const headers = {
      group: groupOf(worker.name),
      cause: messageOf(error).slice(0, maxCauseLength),
      attempts: `${attempts}`,
      partition: `${partition}`,
      offset: `${offset}`,
    }
    await this.reaching(signal, () => log.publish(deadLetterTopic(topic), [{ key, value, headers }]))
    metrics.died(worker.name)
    logger.error({ err: error, ...namesOf(delivery), attempts }, 'an event became a dead letter')
  }
}

/** What a line may say of it; the key is an address where no user is known. */
const namesOf = ({ message: { topic, partition, offset }, event }: Delivery) => ({
  topic,
  partition,
  offset,
  ...(event && {
    event: event.id,
    document: event.documentName,
    userId: event.userId,
    ...(event.traceparent !== undefined && { trace_id: traceIdOf(event.traceparent) }),
  }),
})
