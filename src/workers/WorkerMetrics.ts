import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

interface ObservedWorker {
  readonly name: string
  readonly lag: number
  readonly isPaused: boolean
}

const labelNames = ['worker'] as const

/** Prometheus metrics of the workers of a process. */
export class WorkerMetrics {
  readonly #handled: Counter<'worker'>
  readonly #retried: Counter<'worker'>
  readonly #dead: Counter<'worker'>
  readonly #repeated: Counter<'worker'>
  readonly #duration: Histogram<'worker'>

  readonly #registry: Registry

  constructor(registry: Registry) {
    this.#registry = registry
    const registers = [registry]
    const counter = (name: string, help: string): Counter<'worker'> =>
      new Counter({ name: `codraft_worker_${name}`, help, labelNames: [...labelNames], registers })
    this.#handled = counter('handled_total', 'Events handled, by worker.')
    this.#retried = counter('retried_total', 'Failed attempts that are tried again, by worker.')
    this.#dead = counter('dead_total', 'Events that became dead letters, by worker.')
    this.#repeated = counter(
      'repeated_total',
      'Events handled again because a process ended in their midst: what they cause may have happened twice.',
    )
    this.#duration = new Histogram({
      name: 'codraft_worker_duration_seconds',
      help: 'Duration of one attempt at an event, or at a batch of events for a database, by worker.',
      labelNames: [...labelNames],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
      registers,
    })
  }

  /** Names the workers whose state is shown; call it once. */
  observe(workers: () => readonly ObservedWorker[]): void {
    const registers = [this.#registry]
    const gauge = (name: string, help: string, read: (worker: ObservedWorker) => number): void => {
      const made: Gauge<'worker'> = new Gauge({
        name: `codraft_worker_${name}`,
        help,
        labelNames: [...labelNames],
        registers,
        collect() {
          for (const worker of workers()) made.set({ worker: worker.name }, read(worker))
        },
      })
    }
    gauge(
      'lag',
      'Events that the group of a worker has not handled yet, with those that are tried again later.',
      ({ lag }) => lag,
    )
    gauge('paused', '1 while a worker waits for something that is away.', ({ isPaused }) => Number(isPaused))
  }

  readonly handled = (worker: string, events: number): void => this.#handled.inc({ worker }, events)
  readonly retried = (worker: string): void => this.#retried.inc({ worker })
  readonly died = (worker: string): void => this.#dead.inc({ worker })
  readonly repeated = (worker: string): void => this.#repeated.inc({ worker })
  readonly took = (worker: string, ms: number): void => this.#duration.observe({ worker }, ms / 1000)
}
