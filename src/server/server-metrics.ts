import { statfsSync } from 'node:fs'
import { Gauge, type Registry } from 'prom-client'
import type { SnapshotsStatus } from '../../extensions/snapshots/index.ts'
import type { Store } from '../store/Store.ts'
import type { Health, HealthState } from './health.ts'
import type { Figures } from './PolledFigures.ts'

export interface ServerMetricSources {
  readonly dataDir: string
  health(): Health
  figures(): Figures
  snapshots(): SnapshotsStatus
  store(): Pick<Store, 'replicaLagsMs'>
  visits(): number
}

const states: readonly HealthState[] = ['ready', 'degraded', 'unavailable']
const levels: readonly Health['durability'][] = ['memory', 'process', 'disk', 'replicated']

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

/** The gauges of a whole server: its services, its disk, its topics. They are read when somebody asks for them. */
export const addServerMetrics = (registry: Registry, sources: ServerMetricSources): void => {
  const gauge = (name: string, help: string, labelNames: string[], read: () => readonly Sample[]): void => {
    const made: Gauge = new Gauge({
      name: `codraft_${name}`,
      help,
      labelNames,
      registers: [registry],
      collect(): void {
        made.reset()
        for (const [labels, value] of read()) made.set(labels, value)
      },
    })
  }
  const plain = (name: string, help: string, read: () => number): void =>
    gauge(name, help, [], () => [[{}, read()]])

  gauge(
    'dependency_state',
    'State of each part of the health report: 0 ready, 1 degraded, 2 unavailable.',
    ['dependency'],
    () =>
      Object.entries(sources.health().dependencies).map(([dependency, { state }]) => [
        { dependency },
        states.indexOf(state),
      ]),
  )
  plain(
    'durability_level',
    'What an acknowledged edit survives: 0 nothing, 1 kill -9, 2 power loss, 3 loss of a machine.',
    () => levels.indexOf(sources.health().durability),
  )
  plain('document_visits', 'Connections to documents by known users.', sources.visits)
  plain(
    'oldest_unstored_edit_seconds',
    'Age of the oldest edit that is in the journal and in no snapshot; 0 when there is none.',
    () => sources.snapshots().oldestUnstoredMs / 1000,
  )
  plain('failing_compactions', 'Documents whose last compaction failed.', () => sources.snapshots().failing)
  plain(
    'corrupt_documents',
    'Documents of which a stored file or journal record is damaged.',
    () => sources.snapshots().corrupt,
  )
  plain('outbox_events', 'Events of the outbox that are not published.', () => sources.figures().outboxEvents)
  plain(
    'outbox_oldest_seconds',
    'Age of the oldest event in the outbox; 0 when it is empty.',
    () => sources.figures().outboxOldestMs / 1000,
  )
  gauge(
    'consumer_lag',
    'Messages of a topic that a consumer group has not handled.',
    ['group', 'topic'],
    () => sources.figures().lags.map(({ group, topic, lag }) => [{ group, topic }, lag]),
  )
  gauge('topic_partition_end_offset', 'Messages ever written to a partition.', ['topic', 'partition'], () =>
    sources
      .figures()
      .topics.flatMap(({ name: topic, partitions }) =>
        partitions.map(({ partition, end }): Sample => [{ topic, partition: `${partition}` }, end]),
      ),
  )
  gauge(
    'under_replicated_partitions',
    'Partitions of a topic with a copy that is out of sync.',
    ['topic'],
    () =>
      sources
        .figures()
        .topics.map(({ name: topic, partitions }) => [
          { topic },
          partitions.filter(({ inSync, replicas }) => inSync < replicas).length,
        ]),
  )
  gauge(
    'dead_letters',
    'Messages in a dead letter topic that are neither retried nor dropped.',
    ['topic'],
    () => Array.from(sources.figures().deadLetters, ([topic, count]) => [{ topic }, count]),
  )
  gauge(
    'database_replica_lag_seconds',
    'How far a read replica of the database is behind its primary.',
    ['replica'],
    () => sources.store().replicaLagsMs.map((ms, index) => [{ replica: `${index + 1}` }, ms / 1000]),
  )
  plain('disk_used_ratio', 'Used part of the disk with the data folder.', () => usedPart(sources.dataDir))
}

/** As `df` counts: what is reserved for root is not there. */
const usedPart = (folder: string): number => {
  const { bavail, bfree, blocks } = statfsSync(folder)
  const used = blocks - bfree
  return used / Math.max(1, used + bavail)
}
