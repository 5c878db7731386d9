import type { Hocuspocus } from '@hocuspocus/server'
import type { InstanceSummary } from '../../extensions/redis/index.ts'
import type { Registry } from 'prom-client'
import type { ProblemLog } from '../logger.ts'
import type { Operation } from '../rest/services.ts'
import { instanceSummarySchema, type InstanceSummaryView, type Status } from '../rest/status-schema.ts'
import { newestExports } from '../store/exports.ts'
import type { Store } from '../store/Store.ts'
import { version } from '../version.ts'
import type { DeadLetters } from '../workers/DeadLetters.ts'
import type { Health } from './health.ts'
import type { Figures } from './PolledFigures.ts'

export interface StatusSources {
  readonly registry: Registry
  readonly problems: ProblemLog
  readonly store: Store
  readonly deadLetters: DeadLetters
  hocuspocus(): Hocuspocus
  health(): Health
  figures(): Figures
  connections(): Status['connections']
  oldestUnpublishedMs(): number
  /** Where there are several instances: has the summary told to the others, and returns what lists those of all. */
  shareSummary?(summary: () => InstanceSummaryView): () => Promise<readonly InstanceSummary[]>
}

const busiestDocuments = 8
const shownExports = 8

/** What the routes for operators answer. */
export const createOperation = (sources: StatusSources): Operation => {
  const startedAt = new Date().toISOString()
  const { registry, problems, store, deadLetters } = sources
  const summary = (): InstanceSummaryView => ({
    version,
    startedAt,
    health: sources.health().state,
    connections: sources.connections(),
    documents: openDocuments(sources.hocuspocus()),
  })
  const listSummaries = sources.shareSummary?.(summary)
  return {
    async status() {
      const { state, durability, dependencies } = sources.health()
      const { lags, outboxEvents, deadLetters } = sources.figures()
      const redis = dependencies['redis'] as { instance?: string; instances?: number } | undefined
      const summaries = await listSummaries?.()
      return {
        version,
        node: process.version,
        startedAt,
        ...(redis?.instance !== undefined && { instance: redis.instance }),
        instances: redis?.instances ?? 1,
        health: { state, durability, dependencies },
        connections: sources.connections(),
        documents: openDocuments(sources.hocuspocus()),
        ...(summaries && { fleet: summaries.map(viewOf) }),
        totals: {
          edits: await totalOf(registry, 'codraft_updates_received_total'),
          sent: await totalOf(registry, 'codraft_messages_sent_total'),
          latency: await bucketsOf(registry, 'codraft_message_latency_seconds'),
        },
        events: {
          lags: [...lags],
          outbox: outboxEvents,
          oldestUnpublishedMs: sources.oldestUnpublishedMs(),
          deadLetters: [...deadLetters.values()].reduce((sum, count) => sum + count, 0),
        },
        // A list that cannot be read now is no reason to show nothing.
        exports: await recentExports(store).catch(() => []),
        problems: problems.list(),
      }
    },

    async deadLetters() {
      return (await deadLetters.list()).map(({ id, topic, type, group, cause, attempts, time }) => ({
        id,
        topic,
        ...(type !== undefined && { type }),
        group,
        cause,
        attempts,
        at: new Date(time).toISOString(),
      }))
    },

    async retryDeadLetters(ids) {
      for (const letter of await deadLetters.find(ids)) {
        await deadLetters.retry(letter)
        await deadLetters.settle(letter)
      }
    },
  }
}

const openDocuments = ({ documents }: Hocuspocus): Status['documents'] => ({
  open: documents.size,
  busiest: [...documents.values()]
    .map((document) => ({ name: document.name, connections: document.getConnectionsCount() }))
    .sort((a, b) => b.connections - a.connections)
    .slice(0, busiestDocuments),
})

const viewOf = ({ instance, state, at, summary }: InstanceSummary): NonNullable<Status['fleet']>[number] => {
  const { data } = instanceSummarySchema.safeParse(summary)
  return {
    instance,
    state: state === 'alive' ? (data?.health ?? 'ready') : state,
    seenAt: new Date(at).toISOString(),
    ...(data && { summary: data }),
  }
}

const totalOf = async (registry: Registry, name: string): Promise<number> =>
  (await registry.getSingleMetric(name)?.get())?.values[0]?.value ?? 0

const bucketsOf = async (registry: Registry, name: string): Promise<[string, number][]> =>
  ((await registry.getSingleMetric(name)?.get())?.values ?? []).flatMap(({ labels, value }) =>
    labels['le'] === undefined ? [] : [[`${labels['le']}`, value] satisfies [string, number]],
  )

const recentExports = async (store: Store): Promise<Status['exports']> => {
  const all = await Promise.all(store.allForReading.map((db) => newestExports(db, shownExports)))
  return all
    .flat()
    .sort((a, b) => b.createdAt - a.createdAt)
    .slice(0, shownExports)
    .map(({ documentName: document, format, state, progress, createdAt }) => ({
      document,
      format,
      state,
      progress,
      createdAt: new Date(createdAt).toISOString(),
    }))
}
