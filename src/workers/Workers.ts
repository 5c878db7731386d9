import type { Registry } from 'prom-client'
import { workerFactories, type WorkerServices } from './compose.ts'
import type { WorkerName } from './names.ts'
import { decodeOnce } from './decode-once.ts'
import { WorkerRunner, type RunnerStatus } from './runner.ts'
import type { AnyWorker } from './Worker.ts'
import { WorkerMetrics } from './WorkerMetrics.ts'

export interface WorkersOptions extends WorkerServices {
  readonly names: readonly WorkerName[]
  readonly registry: Registry
  /** Workers of an application, beside those that are named. */
  readonly own?: readonly AnyWorker[]
}

/** The workers of one process. */
export class Workers {
  readonly #runners: readonly WorkerRunner[]

  constructor({ names, own = [], registry, ...services }: WorkersOptions) {
    const metrics = new WorkerMetrics(registry)
    metrics.observe(() =>
      this.status.map(({ name, lag, state }) => ({ name, lag, isPaused: state === 'paused' })),
    )
    const workers = [...names.map((name) => workerFactories[name](services)), ...own]
    const decode = decodeOnce()
    this.#runners = workers.map((worker) => new WorkerRunner({ worker, metrics, decode, ...services }))
  }

  get status(): RunnerStatus[] {
    return this.#runners.map(({ status }) => status)
  }

  start(): void {
    for (const runner of this.#runners) runner.start()
  }

  /** Completes what is under way. */
  async stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()))
  }
}
