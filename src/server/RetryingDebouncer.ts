import type { Hocuspocus } from '@hocuspocus/server'

export interface RetryDelays {
  /** Wait after the first failure, ms; doubles with each further one. @default 1000 */
  readonly firstMs: number
  /** Longest wait between two attempts, ms. @default 30000 */
  readonly maxMs: number
}

export const defaultRetryDelays: RetryDelays = { firstMs: 1_000, maxMs: 30_000 }

interface Job {
  /** Of the newest request. */
  task: () => Promise<unknown>
  timer: NodeJS.Timeout | undefined
  /** Of the oldest request that no run has taken yet; undefined when there is none. */
  requestedAt: number | undefined
  dueAt: number
  running: Promise<void> | undefined
  /** The run that follows the running one, for requests that came too late for it. */
  next: Promise<void> | undefined
  failures: number
}

/**
 * Runs the newest task of each id some time after it was asked for, never two of one id at a time, and runs it again
 * when it rejects, after a wait that doubles. Takes the place of Hocuspocus' debouncer, which forgets a task that failed.
 *
 * No promise that it returns ever rejects: a failed task is kept and tried again.
 */
export class RetryingDebouncer {
  readonly #delays: RetryDelays
  readonly #jobs = new Map<string, Job>()

  constructor(delays: Partial<RetryDelays> = {}) {
    this.#delays = { ...defaultRetryDelays, ...delays }
  }

  /** Ids whose task waits, runs, or failed and will be tried again. */
  get unfinished(): string[] {
    return [...this.#jobs.keys()]
  }

  /**
   * Asks for a run `delayMs` after the last and at most `maxDelayMs` after the first request; 0 means at once. An id
   * that failed keeps to its own wait, and its next run takes the new task.
   *
   * @returns when `delayMs` is 0, resolves after one attempt that began after this call, whether or not it succeeded
   */
  readonly debounce: Hocuspocus['debouncer']['debounce'] = (id, func, delayMs, maxDelayMs) => {
    const job = this.#jobs.get(id) ?? this.#create(id)
    job.task = async () => func()
    if (isBackingOff(job)) return Promise.resolve()

    const now = performance.now()
    job.requestedAt ??= now
    job.dueAt = Math.min(now + delayMs, job.requestedAt + maxDelayMs)
    if (job.dueAt <= now) return this.#run(id, job)
    if (!job.timer) this.#arm(id, job, delayMs)
    return Promise.resolve()
  }

  readonly isDebounced = (id: string): boolean => {
    const job = this.#jobs.get(id)
    return job !== undefined && (job.timer !== undefined || job.next !== undefined)
  }

  readonly isCurrentlyExecuting = (id: string): boolean => this.#jobs.get(id)?.running !== undefined

  /** Runs a waiting task now. One that failed keeps to its wait: a client that leaves must not hammer a store that is down. */
  readonly executeNow = (id: string): Promise<void> | undefined => {
    const job = this.#jobs.get(id)
    return job && this.isDebounced(id) && !isBackingOff(job) ? this.#run(id, job) : undefined
  }

  /** Starts every waiting task now, the failed ones too. */
  runAll(): void {
    for (const [id, job] of this.#jobs) if (job.timer) void this.#run(id, job)
  }

  #create(id: string): Job {
    const job: Job = {
      task: async () => undefined,
      timer: undefined,
      requestedAt: undefined,
      dueAt: 0,
      running: undefined,
      next: undefined,
      failures: 0,
    }
    this.#jobs.set(id, job)
    return job
  }

  #arm(id: string, job: Job, delayMs: number): void {
    clearTimeout(job.timer)
    job.timer = setTimeout(() => {
      // Requests only move `dueAt`: a document that is typed in must not make and cancel a timer for each keystroke.
      const rest = job.dueAt - performance.now()
      if (rest > 1) this.#arm(id, job, rest)
      else void this.#run(id, job)
    }, delayMs)
  }

  #run(id: string, job: Job): Promise<void> {
    clearTimeout(job.timer)
    job.timer = undefined
    if (!job.running) return (job.running = this.#attempt(id, job))
    job.next ??= job.running.then(() => {
      job.next = undefined
      return isBackingOff(job) ? undefined : this.#run(id, job)
    })
    return job.next
  }

  async #attempt(id: string, job: Job): Promise<void> {
    job.requestedAt = undefined
    try {
      await job.task()
      job.failures = 0
    } catch {
      job.failures += 1
      const waitMs = Math.min(this.#delays.firstMs * 2 ** (job.failures - 1), this.#delays.maxMs)
      // Spread, so that all documents of a store that was down do not come back at the same moment.
      job.dueAt = performance.now() + waitMs * (0.8 + Math.random() * 0.2)
      this.#arm(id, job, job.dueAt - performance.now())
    }
    job.running = undefined
    if (!job.timer && !job.next) this.#jobs.delete(id)
  }
}

const isBackingOff = (job: Job): boolean =>
  job.failures > 0 && job.timer !== undefined && job.running === undefined
