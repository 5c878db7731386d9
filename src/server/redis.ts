import type { Document, Extension } from '@hocuspocus/server'
import type { EditOrigin, Position, ReplayBase } from '../../extensions/journal/index.ts'
import type { Metrics } from '../../extensions/metrics/index.ts'
import {
  InstanceRegistry,
  InstanceSummaries,
  type InstanceSummary,
  RedisAwareness,
  RedisChannels,
  RedisConnection,
  RedisFleet,
  RedisJournal,
  RedisPresence,
  RedisRelay,
} from '../../extensions/redis/index.ts'
import type { Config } from '../config.ts'
import type { Logger } from '../logger.ts'
import type { DependencyHealth } from './health.ts'

export interface RedisOptions {
  readonly config: Config & { readonly redisUrl: string }
  readonly logger: Logger
  readonly metrics: Metrics
}

export interface RelayParts {
  readonly base: (documentName: string) => Promise<ReplayBase | undefined>
  readonly isSettled: (document: Document) => boolean
  readonly onEdits: (documentName: string, edits: readonly EditOrigin[]) => void
}

/** All that makes this server one of several. */
export interface RedisParts {
  readonly journal: RedisJournal
  readonly fleet: RedisFleet
  readonly presence: RedisPresence
  /** For the `onReplayed` option of the journal extension. */
  readonly replayed: (document: Document, position: Position) => void
  /** Resolves when the document holds what other instances have written by now. */
  readonly caughtUp: (document: Document) => Promise<void>
  /** Has `summary` told to the other instances from now on; returns what lists the summaries of all. Call it once. */
  shareSummary(summary: () => unknown): () => Promise<InstanceSummary[]>
  /** True for one instance at a time: the one that is to look for what dead ones have left. */
  claimSweep(): Promise<boolean>
  /** The Hocuspocus extensions. Call it once. */
  extensions(parts: RelayParts): readonly Extension[]
  health(): DependencyHealth
  /** After the journal has been closed. */
  close(): Promise<void>
}

/** How often the documents of dead instances are looked for in the whole fleet, ms. */
export const sweepEveryMs = 60_000
const sweepClaimMs = sweepEveryMs / 2

/** Joins the fleet. Rejects when Redis cannot be reached or cannot be used. */
export const openRedis = async ({ config, logger, metrics }: RedisOptions): Promise<RedisParts> => {
  let lastError: string | undefined
  const connection = await RedisConnection.open({
    url: config.redisUrl,
    prefix: config.redisPrefix,
    onError: (error) => {
      lastError = error.message
      logger.debug({ err: error }, 'connection to Redis')
    },
  })
  connection.commands.on('ready', () => logger.info('connected to Redis again'))
  const channels = new RedisChannels(connection, (error) =>
    logger.error({ err: error }, 'a message of another instance cannot be used'),
  )
  let registry: InstanceRegistry
  let journal: RedisJournal
  let fleet: RedisFleet
  try {
    registry = await InstanceRegistry.open({
      connection,
      ...(config.instanceId !== undefined && { instance: config.instanceId }),
    })
    journal = await RedisJournal.open({
      connection,
      instance: registry.instance,
      gatherMs: config.redisGatherMs,
      replicas: config.redisWaitReplicas,
      onCommit: metrics.committed,
      onDurability({ level, warning }) {
        if (warning === undefined) logger.info({ durability: level }, 'Redis keeps what it acknowledges')
        else logger.warn({ durability: level }, `ACKNOWLEDGED EDITS ARE NOT SAFE: ${warning}`)
      },
    })
    fleet = await RedisFleet.open({
      connection,
      channels,
      registry,
      onError: (err, { type }) =>
        logger.error({ err, command: type }, 'a command to all instances failed here'),
    })
  } catch (error) {
    connection.close()
    throw error
  }
  const presence = new RedisPresence({ connection, channels, registry })
  let relay: RedisRelay | undefined
  let summaries: InstanceSummaries | undefined
  return {
    journal,
    fleet,
    presence,
    shareSummary(summary) {
      const shared = new InstanceSummaries({ connection, registry, summary })
      summaries = shared
      return () => shared.list()
    },
    async claimSweep() {
      const claimed = await connection.commands.set(
        connection.keys.sweep,
        registry.instance,
        'PX',
        sweepClaimMs,
        'NX',
      )
      return claimed === 'OK'
    },
    replayed: (document, position) => relay?.replayed(document, position),
    caughtUp: async (document) => relay?.caughtUp(document),
    extensions(parts) {
      relay = new RedisRelay({
        connection,
        channels,
        journal,
        instance: registry.instance,
        antiEntropyMs: config.redisAntiEntropyMs,
        logger,
        ...parts,
      })
      const awareness = new RedisAwareness({
        connection,
        channels,
        registry,
        windowMs: config.awarenessWindowMs,
      })
      return [relay, awareness]
    },
    health() {
      const { durabilityWarning: warning } = journal
      const state = !connection.isReady ? 'unavailable' : warning === undefined ? 'ready' : 'degraded'
      return {
        state,
        instance: registry.instance,
        instances: registry.instances.size,
        durability: journal.durability,
        ...(warning !== undefined && { warning }),
        ...(!connection.isReady && lastError !== undefined && { error: lastError }),
      }
    },
    async close() {
      await presence.close()
      await summaries?.close()
      await fleet.close()
      channels.close()
      await registry.close()
      connection.close()
    },
  }
}
