import { CodraftError } from '../../extensions/errors.ts'
import type { ObjectStore } from '../../extensions/snapshots/index.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../logger.ts'
import { openObjectStore } from '../object-store.ts'
import { ObjectStoreWatch } from './ObjectStoreWatch.ts'

export interface ObjectsOptions {
  readonly config: Config
  readonly logger: Logger
  /** Used in place of what the settings name, and not closed. */
  readonly store?: ObjectStore
}

export interface ServerObjects {
  readonly store: ObjectStore
  readonly watch: ObjectStoreWatch
  close(): void
}

/**
 * The object store that the settings name: a bucket or a folder. Rejects when it cannot be used; an S3 server that is
 * merely out of reach may come back, and until then edits go to the journal.
 */
export const openObjects = async ({
  config,
  logger,
  store: givenStore,
}: ObjectsOptions): Promise<ServerObjects> => {
  const store = givenStore ?? (await openObjectStore(config))
  const watch = new ObjectStoreWatch(store, logger)
  try {
    await store.check()
  } catch (error) {
    if (!isUnavailable(error)) throw error
    watch.failed(error)
  }
  watch.start()
  return {
    store,
    watch,
    close() {
      watch.stop()
      if (!givenStore) store.close()
    },
  }
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof CodraftError && error.errorCode === 'CODRAFT_OBJECT_STORE_UNAVAILABLE'
