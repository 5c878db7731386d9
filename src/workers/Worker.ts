import type { AnyEvent, EventOn, TopicName } from '../../extensions/events/index.ts'
import type { Logger } from '../logger.ts'
import type { StoreDatabase } from '../store/schema.ts'

interface WorkerOptions<Topic extends TopicName> {
  /** Names it in `codraft work`, in metrics and dead letters; its consumer group is `codraft-<name>`. */
  readonly name: string
  readonly topics: readonly Topic[]
  /**
   * Events handled at the same time in each partition, of different keys; those of one key stay in order.
   * @default 8
   */
  readonly concurrency?: number
  /**
   * Events may wait this long for others to be handled with, ms: worth it where a batch costs more than its events.
   * @default 0
   */
  readonly gatherMs?: number
  /** How often and how patiently an event is tried. */
  readonly retry?: Partial<RetryOptions>
  /** Called before the first event. */
  start?(): void | Promise<void>
  /** Called after the last event; what it still holds in memory must be done when it resolves. */
  stop?(): Promise<void>
}

export interface RetryOptions {
  /** An event that fails this often becomes a dead letter. @default 8 */
  readonly attempts: number
  /** Pause after the first failure; doubles with each further one, and a random half of it is left out. @default 500 */
  readonly firstMs: number
  /** @default 60_000 */
  readonly maxMs: number
}

/**
 * Does something outside of the databases for each event: sends, writes a file. The event is claimed before and marked
 * as handled after, so it is handled once; only when the process dies between the two it is handled again, after the
 * claim has run out, and counted (`codraft_worker_repeated_total`).
 *
 * What `handle` rejects with decides what follows: {@link PermanentFailure} makes a dead letter at once,
 * {@link DependencyDown} holds up the worker without counting an attempt, anything else is tried again.
 */
export interface Worker<Topic extends TopicName = TopicName> extends WorkerOptions<Topic> {
  /**
   * Names what is handled apart, such as one message to each device: `handle` is called once for each, and a failure of
   * one neither repeats nor delays the others. None: there is nothing to do.
   * @default one, without a name
   */
  parts?(event: EventOn<Topic>): Promise<readonly string[]>
  /**
   * An attempt that takes longer than this holds up its own key or part only, ms; without it the partition waits for
   * each attempt, so that the events which are under way are never more than `concurrency`.
   */
  readonly patienceMs?: number
  handle(event: EventOn<Topic>, context: WorkerContext): Promise<void>
}

export interface WorkerContext {
  /** 1 at the first attempt. */
  readonly attempt: number
  /** An earlier attempt ended without a word: what it was to do may be done. */
  readonly isRepeat: boolean
  /** Aborted when the event goes to another process; what is under way may be completed. */
  readonly signal: AbortSignal
  readonly logger: Logger
  /** The database with the rows of the document, or of the user where events are keyed by users. */
  readonly db: StoreDatabase
  /** One of those that `parts` has named. */
  readonly part: string | undefined
}

/**
 * Keeps rows that events change, exactly once: `apply` runs in the transaction that also holds what it has applied. It
 * gets the events of a batch that belong to one database, in order for each key.
 */
export interface SqlWorker<Topic extends TopicName = TopicName> extends WorkerOptions<Topic> {
  apply(events: readonly EventOn<Topic>[], transaction: EventTransaction): Promise<void>
  /** Forgets in one database what was derived from events of `since` (ms since the epoch) and later, for a replay. */
  clear?(db: StoreDatabase, since: number): Promise<void>
}

export interface EventTransaction {
  /** Everything MUST be written through this, and nothing else be waited for. */
  readonly db: StoreDatabase
  /** The event was a dead letter, and comes after later ones of its key. */
  readonly isRedriven: boolean
  /** Those of `events` that have not been applied before; marks them as applied. */
  unapplied<Event extends { readonly id: string; readonly time: number }>(
    events: readonly Event[],
  ): Promise<Event[]>
}

export interface RunnableWorker extends WorkerOptions<TopicName> {
  parts?(event: AnyEvent): Promise<readonly string[]>
  readonly patienceMs?: number
  handle(event: AnyEvent, context: WorkerContext): Promise<void>
}

export interface RunnableSqlWorker extends WorkerOptions<TopicName> {
  apply(events: readonly AnyEvent[], transaction: EventTransaction): Promise<void>
  clear?(db: StoreDatabase, since: number): Promise<void>
}

/** A worker of any topics: the runner gives each the events of its own. */
export type AnyWorker = RunnableWorker | RunnableSqlWorker

export const groupOf = (workerName: string): string => `codraft-${workerName}`
