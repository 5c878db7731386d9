import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Document, Extension } from '@hocuspocus/server'
import type { FastifyInstance } from 'fastify'
import { Auth, createTokenVerifier, identityOf, type TokenVerifier } from '../../extensions/auth/index.ts'
import { defaultGuardLimits, defaultSyncLimits, type GuardLimits } from '../../extensions/guard/index.ts'
import { CodraftError } from '../../extensions/errors.ts'
import { JournalExtension, SqliteJournal } from '../../extensions/journal/index.ts'
import { EditPublisher } from '../../extensions/events/index.ts'
import { MemoryFleet, type Fleet } from '../../extensions/fleet/index.ts'
import { Metrics } from '../../extensions/metrics/index.ts'
import { MemoryPresence, PresenceExtension, type Presence } from '../../extensions/presence/index.ts'
import { Snapshots, type ObjectStore } from '../../extensions/snapshots/index.ts'
import type { Config } from '../config.ts'
import { ensureTopics, erasableEvents, forgetErased, openEventLog } from '../event-log.ts'
import { OutboxPublisher } from '../events/OutboxPublisher.ts'
import { SqlPublishedPositions } from '../events/SqlPublishedPositions.ts'
import { AuditLog } from '../documents/AuditLog.ts'
import { DocumentActivity } from '../documents/DocumentActivity.ts'
import { KnownUsers } from '../documents/KnownUsers.ts'
import { DocumentVisits } from '../documents/DocumentVisits.ts'
import { Housekeeping } from '../documents/Housekeeping.ts'
import type { Permissions } from '../documents/Permissions.ts'
import { ErasableNotifications } from '../notifications/ErasableNotifications.ts'
import { NotificationFeed } from '../notifications/NotificationFeed.ts'
import { moduleLoggers, problemLogOf, type Logger } from '../logger.ts'
import { openStore } from '../open-store.ts'
import { Transport, type TransportOptions } from '../transport/Transport.ts'
import { loadOrCreateSecret } from '../secret.ts'
import { isGuestId } from './guest-tokens.ts'
import { composeDocuments } from './documents.ts'
import { healthOf, type Health } from './health.ts'
import { createHttp } from './http.ts'
import { ConnectionLog } from './ConnectionLog.ts'
import { closeOnCommand, eraseOnCommand } from './fleet-commands.ts'
import { openDownloads } from '../downloads.ts'
import { openObjects } from './object-store.ts'
import { openRedis, sweepEveryMs } from './redis.ts'
import { PolledFigures } from './PolledFigures.ts'
import { SafeHocuspocus } from './SafeHocuspocus.ts'
import { parseWorkers } from '../workers/names.ts'
import { DeadLetters } from '../workers/DeadLetters.ts'
import type { AnyWorker } from '../workers/Worker.ts'
import { Workers } from '../workers/Workers.ts'
import { addServerMetrics } from './server-metrics.ts'
import { createOperation } from './status.ts'

export interface ServerOptions {
  readonly config: Config
  readonly logger: Logger
  /** Hocuspocus extensions of your own; all their hooks are called. */
  readonly extensions?: readonly Extension[]
  /** Keeps the snapshots; is not closed. Default: what the settings name. */
  readonly objects?: ObjectStore
  /** Workers of your own, beside those that the setting WORKERS names. */
  readonly workers?: readonly AnyWorker[]
}

export interface CodraftServer {
  /** Base URL of HTTP; sockets are at `/collab` and `/yjs/:documentName`. */
  readonly url: string
  readonly hocuspocus: SafeHocuspocus
  /** Grants and revokes roles. */
  readonly permissions: Permissions
  /** Who has which document open, on all instances. */
  readonly presence: Presence
  /** Commands to all instances. */
  readonly fleet: Fleet
  /**
   * Stores everything and stops. Resolves to true when all of it was stored within SHUTDOWN_DEADLINE_MS; what was
   * not is in the journal, and the next start goes on from there.
   */
  stop(): Promise<boolean>
}

/** Starts the whole server in this process. Rejects when a setting, the data folder or the port cannot be used. */
export const startServer = async ({
  config,
  logger,
  extensions = [],
  objects: ownObjects,
  workers: ownWorkers = [],
}: ServerOptions): Promise<CodraftServer> => {
  const loggers = moduleLoggers(logger, config)
  const metrics = new Metrics()
  const { redisUrl } = config
  const redis =
    redisUrl === undefined
      ? undefined
      : await openRedis({ config: { ...config, redisUrl }, logger: loggers.redis, metrics })
  const journal =
    redis?.journal ??
    (await SqliteJournal.open({
      path: join(config.dataDir, 'journal.sqlite'),
      gatherMs: config.journalGatherMs,
      onCommit: metrics.committed,
    }))
  const presence = redis?.presence ?? new MemoryPresence()
  const fleet =
    redis?.fleet ??
    new MemoryFleet((err, { type }) => loggers.documents.error({ err, command: type }, 'a command failed'))
  const objects = await openObjects({
    config,
    logger: loggers.snapshots,
    ...(ownObjects && { store: ownObjects }),
  })
  const url = (): string => urlOf(http.server.address() as AddressInfo)
  const downloads = await openDownloads({ config, objects: objects.store, url })
  const store = await openStore(config, loggers.store)
  const log = await openEventLog(config, loggers.events)
  const edits: EditPublisher = new EditPublisher({
    journal,
    log,
    positions: new SqlPublishedPositions(store, journal.id, redis ? undefined : journal.id),
    base: (documentName) => snapshots.base(documentName),
    isDurable(documentName) {
      const document = hocuspocus.documents.get(documentName)
      return !document || isDurable(document)
    },
    logger: loggers.events,
    onPublished: metrics.eventsPublished,
  })
  const outbox = new OutboxPublisher({
    store,
    log,
    logger: loggers.events,
    onPublished: metrics.eventsPublished,
  })
  const snapshots = new Snapshots({
    journal,
    objects: objects.store,
    trimLimit: edits.trimLimit,
    compactAfterBytes: config.compactAfterBytes,
    compactAfterMs: config.compactAfterMs,
    ...(redis && { sweepEveryMs, claimSweep: redis.claimSweep }),
    logger: loggers.snapshots,
  })
  const secret =
    config.jwksUrl === undefined ? (config.jwtSecret ?? loadOrCreateSecret(config.dataDir)) : undefined

  const verify = tokenVerifier(config, secret)
  const transport = createTransport({
    config,
    logger: loggers.transport,
    journal,
    metrics,
    ticketOf: (document) => journalExtension.ticketOf(document),
    ...(redis && { caughtUp: redis.caughtUp }),
  })
  const journalExtension = new JournalExtension({
    journal,
    base: snapshots.base,
    beforeReplay: transport.beforeReplay,
    identityOf,
    isTraced: config.otlpEndpoint !== undefined,
    ...(redis && { onReplayed: redis.replayed }),
  })
  const isDurable = (document: Document): boolean =>
    journalExtension.ticketOf(document) <= journal.durableTicket
  const audit = new AuditLog(store, loggers.documents)
  const activity = new DocumentActivity(store, loggers.documents)
  const visits = new DocumentVisits(store, loggers.documents)
  const users = new KnownUsers(store, loggers.documents)
  const notificationFeed = new NotificationFeed({ store, logger: loggers.http })
  const issuesGuestTokens = config.jwtSecret === undefined && secret !== undefined
  const events = erasableEvents(log, edits)
  const documentServices = composeDocuments({
    config,
    logger: loggers.documents,
    journal,
    objects: objects.store,
    snapshots,
    store,
    hocuspocus: () => hocuspocus,
    ticketOf: (document) => journalExtension.ticketOf(document),
    updateLimits: updateLimits(config),
    isGuest: ({ userId }) => issuesGuestTokens && isGuestId(userId),
    parts: [
      events,
      { erase: async (documentName) => activity.forget(documentName) },
      new ErasableNotifications(store, users),
      users,
    ],
    users,
    notificationFeed,
    fleet,
    presence,
    downloads,
  })
  const housekeeping = new Housekeeping({
    store,
    logger: loggers.documents,
    tasks: [documentServices.exports.prune, documentServices.emptyBin],
  })
  const workers = new Workers({
    config,
    logger: loggers.workers,
    store,
    log,
    publicUrl: () => config.publicUrl ?? url(),
    documents: { read: (name, use) => documentServices.documents.read(name, use), downloads },
    names: parseWorkers(config.workers) ?? [],
    own: ownWorkers,
    registry: metrics.registry,
  })
  const auth: Auth = new Auth({
    verify,
    roleOf: documentServices.roleOf,
    // A provider asks for a new token when it reconnects, and only then.
    onExpired: ({ webSocket }) => webSocket.close(expired.code, expired.reason),
  })
  const visitors = new PresenceExtension({ presence, identityOf })
  const hocuspocus: SafeHocuspocus = new SafeHocuspocus({
    logger: loggers.documents,
    onStoreFailed: metrics.storeFailed,
    extensions: [
      ...transport.extensions,
      auth,
      audit.extension,
      activity.extension,
      visits.extension,
      users.extension,
      journalExtension,
      snapshots,
      documentServices.automaticVersions,
      ...(redis?.extensions({
        base: snapshots.base,
        onEdits: transport.relayed,
        isSettled: isDurable,
      }) ?? []),
      visitors,
      edits,
      new ConnectionLog(loggers.transport),
      ...extensions,
    ],
  })

  let isDraining = false
  const health = (): Health =>
    healthOf({
      journal,
      objectStoreError: () => objects.watch.error,
      snapshots: () => snapshots.status,
      store: () => store.status,
      events: () => ({ ...log.status, oldestUnpublishedMs: edits.oldestUnpublishedMs }),
      failingStores: () => hocuspocus.failingStores,
      workers: () => workers.status,
      isDraining: () => isDraining,
      ...(redis && { redis: redis.health }),
    })
  const figures = new PolledFigures({ log, store })
  const operation = createOperation({
    registry: metrics.registry,
    problems: problemLogOf(logger),
    store,
    deadLetters: new DeadLetters(log, store),
    hocuspocus: () => hocuspocus,
    health,
    figures: () => figures.current,
    connections: () => ({
      open: transport.connections,
      limit: config.maxConnections,
      unsentBytes: transport.unsentBytes,
    }),
    oldestUnpublishedMs: () => edits.oldestUnpublishedMs,
    ...(redis && { shareSummary: redis.shareSummary }),
  })
  const http: FastifyInstance = await createHttp({
    logger: loggers.http,
    events: { transport, maxMessageBytes: config.maxMessageBytes },
    registry: metrics.registry,
    health,
    trustedProxies: config.trustedProxies,
    rest: documentServices.rest({
      logger: loggers.http,
      verify,
      roleChanges: auth.roleChanges,
      url,
      operation,
    }),
    guestTokens: issuesGuestTokens ? { secret, ...requiredClaims(config) } : undefined,
  })
  fleet.onCommand(closeOnCommand(hocuspocus))
  fleet.onCommand(eraseOnCommand(events))
  fleet.onCommand(async (command) => {
    if (command.type === 'roles') await auth.rolesChanged(command.documentName, command.userId)
  })
  transport.attach(http.server, hocuspocus, (name) => hocuspocus.hasHook(name))
  metrics.observe({
    connections: () => transport.connections,
    connectionsLimit: () => config.maxConnections,
    documents: () => hocuspocus.documents.size,
    unsentBytes: () => transport.unsentBytes,
    failingStores: () => hocuspocus.failingStores.size,
    journalPendingBytes: () => journal.status.pendingBytes,
    oldestUnpublishedMs: () => edits.oldestUnpublishedMs,
  })
  addServerMetrics(metrics.registry, {
    dataDir: config.dataDir,
    health,
    figures: () => figures.current,
    snapshots: () => snapshots.status,
    store: () => store,
    visits: () => visitors.visits,
  })
  journal.onStatus(({ healthy, error }) => {
    if (healthy) loggers.journal.info('the journal can be written again')
    else loggers.journal.error({ error }, 'the journal cannot be written: no edit is acknowledged')
  })
  const stopping = new AbortController()
  const topicsReady = ensureTopics(log, loggers.events, stopping.signal).catch((error: unknown) =>
    loggers.events.error({ err: error }, 'events are not published'),
  )
  const forgotten = topicsReady
    .then(() => forgetErased(store, events))
    .catch((error: unknown) =>
      loggers.events.error({ err: error }, 'events of erased documents may be left until the next start'),
    )
  outbox.start()
  figures.start()
  await http.listen({ port: config.port, host: config.host })
  // Mails say where the server is.
  workers.start()
  // Which erasures were interrupted stands in the object store; while that is away, edits go on without it.
  const { eraser } = documentServices
  objects.watch.onRestored(() => {
    eraser
      .resume()
      .catch((err: unknown) => loggers.documents.error({ err }, 'interrupted erasures cannot go on yet'))
  })
  if (objects.watch.error === undefined) await eraser.resume()
  void housekeeping.run()

  return {
    url: url(),
    hocuspocus,
    permissions: documentServices.permissions,
    presence,
    fleet,
    async stop() {
      isDraining = true
      notificationFeed.close()
      stopping.abort()
      const deadlineAt = performance.now() + config.shutdownDeadlineMs
      const remainingMs = (): number => Math.max(0, deadlineAt - performance.now())
      await transport.drain(Math.min(config.drainSpreadMs, remainingMs() / 2))
      const { complete, pending } = await hocuspocus.drain(remainingMs())
      if (!complete) logger.error({ documents: pending.length }, 'some documents could not be stored in time')
      const ended = await within(remainingMs(), async () => {
        await hocuspocus.hooks('onDestroy', { instance: hocuspocus })
        await forgotten
        await visits.flush()
        await outbox.stop()
        await workers.stop()
        await figures.stop()
        await log.close()
        downloads.close()
        objects.close()
        await journal.close()
        housekeeping.close()
        await Promise.all([audit.flush(), activity.flush(), users.flush()])
        await store.close()
        await redis?.close()
      })
      if (ended.error !== undefined) logger.error({ err: ended.error }, 'stopping')
      transport.close()
      await http.close()
      return complete && ended.error === undefined
    },
  }
}

type TransportParts = Pick<TransportOptions, 'journal' | 'ticketOf' | 'caughtUp' | 'logger'> & {
  readonly config: Config
  readonly metrics: Metrics
}

const createTransport = ({ config, ...parts }: TransportParts): Transport =>
  new Transport({
    ...parts,
    settings: {
      ...config,
      updateLimits: updateLimits(config),
      syncLimits: { ...defaultSyncLimits, maxBytes: config.maxMessageBytes },
    },
    admission: config,
    maxPendingBytes: config.journalMaxPendingBytes,
    identityOf,
  })

const updateLimits = (config: Config): GuardLimits => ({
  ...defaultGuardLimits,
  maxBytes: config.maxUpdateBytes,
})

/** Claims that tokens must have, and that guest tokens get. */
const requiredClaims = ({ jwtIssuer: issuer, jwtAudience: audience }: Config) => ({
  ...(issuer !== undefined && { issuer }),
  ...(audience !== undefined && { audience }),
})

const tokenVerifier = (config: Config, secret: string | undefined): TokenVerifier => {
  const options = { ...requiredClaims(config), leewaySeconds: config.tokenLeewaySeconds }
  if (secret !== undefined) return createTokenVerifier({ secret, ...options })
  return createTokenVerifier({
    jwksUrl: config.jwksUrl as string,
    algorithms: config.jwtAlgorithms,
    ...options,
  })
}

const expired = new CodraftError('CODRAFT_TOKEN_EXPIRED')

const urlOf = ({ address, port, family }: AddressInfo): string =>
  `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`

const within = async (ms: number, work: () => Promise<void>): Promise<{ error?: unknown }> => {
  const { promise: late, resolve } = Promise.withResolvers<{ error: Error }>()
  const timer = setTimeout(
    () => resolve({ error: new Error(`not finished within ${Math.round(ms)} ms`) }),
    ms,
  )
  const done = work().then(
    () => ({}),
    (error: unknown) => ({ error }),
  )
  const result = await Promise.race([done, late])
  clearTimeout(timer)
  return result
}
