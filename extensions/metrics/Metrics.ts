import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CommitReport } from '../journal/Journal.ts'

/** Figures that are read when somebody asks for them. */
export interface MetricSources {
  connections(): number
  /** Connections that are admitted at most. */
  connectionsLimit(): number
  documents(): number
  unsentBytes(): number
  failingStores(): number
  journalPendingBytes(): number
  oldestUnpublishedMs(): number
}

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

/**
 * All Prometheus metrics of a server, with those of the process (memory, CPU, event loop delay, garbage collection).
 * No label holds a document or a user, so the number of series is bounded.
 */
export class Metrics {
  readonly registry = new Registry()
  readonly #connections = this.#counter('connections_opened_total', 'WebSocket connections opened.', [
    'protocol',
  ])
  readonly #closed = this.#counter(
    'connections_closed_total',
    'WebSocket connections closed, by close code.',
    ['code'],
  )
  readonly #updates = this.#counter('updates_received_total', 'Updates of clients applied to documents.')
  readonly #updateBytes = this.#counter('updates_received_bytes_total', 'Bytes of updates of clients.')
  readonly #messagesIn = this.#counter('messages_received_total', 'Messages of clients.')
  readonly #messagesOut = this.#counter(
    'messages_sent_total',
    'Updates and awareness messages sent to readers.',
  )
  readonly #rejections = this.#counter('rejections_total', 'Connections and messages refused, by reason.', [
    'reason',
  ])
  readonly #resyncs = this.#counter(
    'resyncs_total',
    'Updates with a gap, answered with a request for the missing part.',
  )
  readonly #slowReaders = this.#counter(
    'slow_readers_total',
    'Times a client fell so far behind that it got one difference.',
  )
  readonly #storeFailures = this.#counter('store_failures_total', 'Failed attempts to store a document.')
  readonly #events = this.#counter('events_published_total', 'Events written to the event log.')
  readonly #authentications = this.#counter(
    'authentications_total',
    'Tokens of WebSocket connections, by result: accepted, refused.',
    ['result'],
  )
  readonly #reconnections = this.#counter(
    'reconnections_total',
    'Connections of clients that had the document already: reconnections, and pages that keep documents offline.',
  )
  readonly #latency = new Histogram({
    name: 'codraft_message_latency_seconds',
    help: 'From taking an edit to handing it to the sockets of the other readers; the oldest edit of each send.',
    buckets: secondsBuckets,
    registers: [this.registry],
  })
  readonly #ackDelay = new Histogram({
    name: 'codraft_ack_delay_seconds',
    help: 'From applying an edit to its acknowledgement: how long it took to become durable.',
    buckets: secondsBuckets,
    registers: [this.registry],
  })
  readonly #commit = new Histogram({
    name: 'codraft_journal_commit_seconds',
    help: 'Duration of one journal commit.',
    buckets: secondsBuckets,
    registers: [this.registry],
  })
  readonly #batch = new Histogram({
    name: 'codraft_journal_batch_updates',
    help: 'Updates in one journal commit.',
    buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000],
    registers: [this.registry],
  })

  constructor() {
    collectDefaultMetrics({ register: this.registry })
    // A rate needs a first value to grow from.
    for (const result of ['accepted', 'refused']) this.#authentications.inc({ result }, 0)
  }

  /** Names the sources of the gauges; call it once. */
  observe(sources: MetricSources): void {
    this.#gauge('connections', 'Open WebSocket connections.', sources.connections)
    this.#gauge('connections_limit', 'Connections that are admitted at most.', sources.connectionsLimit)
    this.#gauge('documents', 'Documents in memory.', sources.documents)
    this.#gauge('unsent_bytes', 'Bytes that wait in memory for slow clients to read.', sources.unsentBytes)
    this.#gauge('failing_stores', 'Documents whose last attempt to be stored failed.', sources.failingStores)
    this.#gauge(
      'journal_pending_bytes',
      'Bytes of edits that are not durable yet.',
      sources.journalPendingBytes,
    )
    this.#gauge(
      'oldest_unpublished_edit_seconds',
      'How long the oldest durable edit waits to be in the event log; 0 when none does.',
      () => sources.oldestUnpublishedMs() / 1000,
    )
  }

  readonly connectionOpened = (protocol: string): void => this.#connections.inc({ protocol })
  readonly connectionClosed = (code: number): void => this.#closed.inc({ code })
  readonly messageIn = (): void => this.#messagesIn.inc()
  readonly updateApplied = (bytes: number): void => {
    this.#updates.inc()
    this.#updateBytes.inc(bytes)
  }
  readonly messagesOut = (count: number): void => this.#messagesOut.inc(count)
  readonly acknowledged = (heldMs: number): void => this.#ackDelay.observe(heldMs / 1000)
  readonly rejected = (reason: string): void => {
    this.#rejections.inc({ reason })
    if (reason.startsWith('CODRAFT_TOKEN_')) this.#authentications.inc({ result: 'refused' })
  }
  readonly authenticated = (): void => this.#authentications.inc({ result: 'accepted' })
  readonly reconnected = (): void => this.#reconnections.inc()
  readonly delivered = (waitedMs: number): void => this.#latency.observe(waitedMs / 1000)
  readonly resynchronised = (): void => this.#resyncs.inc()
  readonly fellBehind = (): void => this.#slowReaders.inc()
  readonly eventsPublished = (count: number): void => this.#events.inc(count)
  readonly storeFailed = (): void => this.#storeFailures.inc()
  readonly committed = ({ updates, durationMs }: CommitReport): void => {
    this.#batch.observe(updates)
    this.#commit.observe(durationMs / 1000)
  }

  #counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({
      name: `codraft_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
    })
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name: `codraft_${name}`,
      help,
      registers: [this.registry],
      collect: (): void => gauge.set(read()),
    })
  }
}
