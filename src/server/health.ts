import type { DurabilityLevel, Journal } from '../../extensions/journal/index.ts'
import type { StoreStatus } from '../store/Store.ts'
import type { EventLogStatus } from '../../extensions/events/index.ts'
import type { RunnerStatus } from '../workers/runner.ts'
import type { SnapshotsStatus } from '../../extensions/snapshots/index.ts'

export type HealthState = 'ready' | 'degraded' | 'unavailable'

export interface DependencyHealth {
  readonly state: HealthState
  readonly [detail: string]: unknown
}

export interface Health {
  /** The worst state of all dependencies. */
  readonly state: HealthState
  /** What an acknowledged edit survives. */
  readonly durability: DurabilityLevel
  readonly dependencies: Readonly<Record<string, DependencyHealth>>
}

/** What the health report looks at. */
export interface HealthSources {
  readonly journal: Journal
  /** What keeps the object store from working; undefined while it works. */
  objectStoreError(): string | undefined
  /** State of the snapshot store and its compactions. */
  snapshots(): SnapshotsStatus
  /** State of the databases. */
  store(): StoreStatus
  /** The event log, and how long the oldest durable edit waits to be published. */
  events(): EventLogStatus & { readonly oldestUnpublishedMs: number }
  /** Documents that an extension could not store, by name. */
  failingStores(): ReadonlyMap<string, { readonly attempts: number }>
  workers(): readonly RunnerStatus[]
  isDraining(): boolean
  /** The connection to the other instances, where there are any. */
  redis?(): DependencyHealth
}

const severity: readonly HealthState[] = ['ready', 'degraded', 'unavailable']

/**
 * Where edits cannot be made durable the server is unavailable. Where only snapshots or stores of extensions fail
 * it is degraded: nothing is lost, the journal keeps it. Without its databases it is degraded, too: documents that are open
 * go on, and tokens with a `documents` claim open further ones.
 */
export const healthOf = ({
  journal,
  objectStoreError,
  snapshots,
  store,
  events,
  failingStores,
  workers,
  isDraining,
  redis,
}: HealthSources): Health => {
  const { healthy, pendingBytes, error } = journal.status
  const objectError = objectStoreError()
  // Names of documents are for the log: anybody may read this report.
  const { healthy: snapshotsHealthy, failing: failingSnapshots, corrupt, oldestUnstoredMs } = snapshots()
  const failing = failingStores()
  const eventLog = events()
  // The error may name hosts and users: it is for the log.
  const { healthy: storeHealthy, away, awayReplicas } = store()
  const dependencies: Record<string, DependencyHealth> = {
    journal: {
      state: healthy ? 'ready' : 'unavailable',
      pendingBytes,
      ...(error !== undefined && { error }),
    },
    objectStore: {
      state: objectError === undefined ? 'ready' : 'degraded',
      ...(objectError !== undefined && { error: objectError }),
    },
    snapshots: {
      state: snapshotsHealthy ? 'ready' : 'degraded',
      failing: failingSnapshots,
      corrupt,
      oldestUnstoredMs,
    },
    database: { state: storeHealthy && awayReplicas === 0 ? 'ready' : 'degraded', away, awayReplicas },
    events: {
      state: eventLog.healthy ? 'ready' : 'degraded',
      oldestUnpublishedMs: eventLog.oldestUnpublishedMs,
      ...(eventLog.error !== undefined && { error: eventLog.error }),
    },
    stores: { state: failing.size === 0 ? 'ready' : 'degraded', failing: failing.size },
    workers: healthOfWorkers(workers()),
    ...(redis && { redis: redis() }),
    server: { state: isDraining() ? 'unavailable' : 'ready' },
  }
  const worst = Math.max(...Object.values(dependencies).map(({ state }) => severity.indexOf(state)))
  return { state: severity[worst] as HealthState, durability: journal.durability, dependencies }
}

/** Degraded while one waits for something that is away. Why is in the log: it may name hosts and users. */
export const healthOfWorkers = (workers: readonly RunnerStatus[]): DependencyHealth => ({
  state: workers.some(({ state }) => state === 'paused') ? 'degraded' : 'ready',
  paused: workers.filter(({ state }) => state === 'paused').map(({ name }) => name),
  lag: Object.fromEntries(workers.map(({ name, lag }) => [name, lag])),
})
