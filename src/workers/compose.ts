import type { EventLog } from '../../extensions/events/index.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../logger.ts'
import type { Store } from '../store/Store.ts'
import type { AnyWorker } from './Worker.ts'

/** What workers are made of. */
export interface WorkerServices {
  readonly config: Config
  readonly logger: Logger
  readonly store: Store
  readonly log: EventLog
}

type WorkerFactory = (services: WorkerServices) => AnyWorker

/** One line for each worker of `names.ts`. */
export const workerFactories: Readonly<Record<string, WorkerFactory>> = {}
