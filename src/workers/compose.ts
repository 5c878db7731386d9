import type { EventLog } from '../../extensions/events/index.ts'
import type { Config } from '../config.ts'
import type { DocumentReader } from '../documents/read-stored.ts'
import type { Downloads } from '../exports/index.ts'
import type { Logger } from '../logger.ts'
import type { Store } from '../store/Store.ts'
import { analyticsWorker } from './analytics.ts'
import { changesWorker } from './changes.ts'
import { emailWorker } from './email.ts'
import { exportsWorker } from './exports.ts'
import { inAppWorker } from './in-app.ts'
import { mentionsWorker } from './mentions.ts'
import type { WorkerName } from './names.ts'
import { pushWorker } from './push.ts'
import type { AnyWorker } from './Worker.ts'

/** What workers are made of. */
export interface WorkerServices {
  readonly config: Config
  readonly logger: Logger
  readonly store: Store
  readonly log: EventLog
  /** Of the server that the workers run in; without it they open what they need. */
  readonly documents?: { readonly read: DocumentReader; readonly downloads: Downloads }
  /** Address of the page, without a slash at its end. */
  readonly publicUrl: () => string
}

/** One line for each worker of `names.ts`. */
export const workerFactories: Readonly<Record<WorkerName, (services: WorkerServices) => AnyWorker>> = {
  analytics: analyticsWorker,
  changes: changesWorker,
  email: emailWorker,
  exports: exportsWorker,
  'in-app': inAppWorker,
  mentions: mentionsWorker,
  push: pushWorker,
}
