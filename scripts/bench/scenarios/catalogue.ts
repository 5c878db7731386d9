import type { ContenderName } from '../lib/contenders.ts'
import type { Figures, Run } from '../lib/Run.ts'
import { awareness } from './awareness.ts'
import { crash } from './crash.ts'
import { crossFanout, crossKeystroke } from './cross.ts'
import { fanout } from './fanout.ts'
import { idle } from './idle.ts'
import { joinLargeDocument } from './join.ts'
import { json } from './json.ts'
import { redisAppend } from './redis-append.ts'
import { slowReader } from './slow-reader.ts'

export interface Scenario {
  readonly summary: string
  /** What it can be run against. */
  readonly contenders: readonly ContenderName[]
  /** How long codraft gathers updates here, and so does `plain-window`, ms. */
  readonly windowMs: number
  /** The figures of its table, in their order; the first is the one that ratios are made of. */
  readonly figures: readonly string[]
  readonly run: (run: Run) => Promise<Figures>
}

/** The defaults of FLUSH_MS_PER_READER and FLUSH_MAX_MS. */
const windowFor = (readers: number): number => Math.min(50, 0.15 * readers)

const everyone: readonly ContenderName[] = ['relay', 'plain', 'plain-window', 'codraft']
/** A window changes nothing here. */
const withoutWindow: readonly ContenderName[] = ['relay', 'plain', 'codraft']
const withDocuments: readonly ContenderName[] = ['plain', 'codraft']

const fleets: readonly ContenderName[] = ['extension-redis', 'codraft']

const cores = ['serverCores', 'genCores', 'otherCores']
const streamed = [
  'cpuUsPerDelivery',
  'cpuUsPerEdit',
  'bytesPerDelivery',
  'framesPerDelivery',
  'p50ms',
  'p99ms',
  'maxMs',
]
const fanoutFigures = [...streamed, 'ackP50ms', 'ackP99ms', 'deliveriesPerSecond', 'repeated', ...cores]

export const scenarios = {
  small: {
    summary: '100 documents × 3 clients, each writing 2/s',
    contenders: withoutWindow,
    windowMs: windowFor(3),
    figures: fanoutFigures,
    run: (run) => fanout(run, { documents: 100, clients: 3, writers: 3, rate: 2 }),
  },
  room: {
    summary: '1 document × 200 clients, 5 of them writing 10/s',
    contenders: everyone,
    windowMs: windowFor(200),
    figures: fanoutFigures,
    run: (run) => fanout(run, { documents: 1, clients: 200, writers: 5, rate: 10 }),
  },
  busy: {
    summary: '1 document × 100 clients, 20 of them writing 20/s',
    contenders: everyone,
    windowMs: windowFor(100),
    figures: fanoutFigures,
    run: (run) => fanout(run, { documents: 1, clients: 100, writers: 20, rate: 20 }),
  },
  'busy-docs': {
    summary: '20 documents × 20 clients, 4 of each writing 10/s',
    contenders: everyone,
    windowMs: windowFor(20),
    figures: fanoutFigures,
    run: (run) => fanout(run, { documents: 20, clients: 20, writers: 4, rate: 10 }),
  },
  awareness: {
    summary: '1 document, 100 cursors moving 5/s',
    contenders: everyone,
    windowMs: 40,
    figures: [...streamed, 'superseded', 'deliveriesPerSecond', ...cores],
    run: (run) => awareness(run, { cursors: 100, rate: 5 }),
  },
  join: {
    summary:
      'a document of 100,000 keystrokes: cold after a restart, warm, 50 at once, first edit after a cold join',
    contenders: withDocuments,
    windowMs: 0,
    figures: [
      'coldJoinMs',
      'coldCpuMs',
      'coldCpuSettledMs',
      'firstEditAckMs',
      'firstEditDeliveryMs',
      'firstEditCpuMs',
      'warmJoinMs',
      'warmCpuMs',
      'burstP50ms',
      'burstMaxMs',
      'burstCpuMs',
      'fillCpuUsPerUpdate',
      'stateBytes',
      ...cores,
    ],
    run: (run) =>
      joinLargeDocument(run, {
        keystrokes: run.quick ? 30_000 : 100_000,
        authors: 4,
        warm: run.quick ? 8 : 20,
        burst: 50,
        storeSeconds: run.quick ? 3 : 12,
      }),
  },
  crash: {
    summary: 'SIGKILL in mid-stream: 5 documents, 10 writers, 10/s each',
    contenders: withDocuments,
    windowMs: 0,
    figures: ['ackedLost', 'seenLost', 'lost', 'edits', 'acked', 'seen', 'kept', 'restartMs'],
    // Plain Hocuspocus stores every 10 s at least: it gets the chance to.
    run: (run) => crash(run, { documents: 5, writers: 2, rate: 10, seconds: run.quick ? 12 : 14 }),
  },
  'slow-reader': {
    summary:
      '1 document × 10 clients, 4 of them writing 40 kB 12/s, while another one stops reading for 30 s',
    contenders: withoutWindow,
    windowMs: 0,
    figures: [
      'grownPerBacklog',
      'backlogMb',
      'grownMb',
      'rssControlMb',
      'rssPeakMb',
      'outcome',
      'controlP50ms',
      'p50ms',
      'controlP99ms',
      'p99ms',
      'maxMs',
      ...cores,
    ],
    run: (run) =>
      slowReader(run, {
        clients: 10,
        writers: 4,
        rate: 12,
        bytes: 40_000,
        controlSeconds: run.quick ? 5 : 8,
        stalledSeconds: run.quick ? 15 : 30,
      }),
  },
  'cross-keystroke': {
    summary:
      'two instances and Redis (AOF always): one types 20/s in a document of 23,000 items, one reads on the other instance',
    contenders: fleets,
    windowMs: 0,
    figures: [
      'instanceCpuMsPerEdit',
      'instanceCpuMsPerEditGross',
      'redisBytesPerEdit',
      'redisCallsPerEdit',
      'p50ms',
      'p99ms',
      'ackP50ms',
      'ackP99ms',
      'edits',
    ],
    run: (run) => crossKeystroke(run, { items: 23_000, rate: 20 }),
  },
  cross: {
    summary:
      'two instances and Redis: 50 documents, one writing 4/s on one instance, three reading on the other',
    contenders: fleets,
    windowMs: windowFor(4),
    figures: fanoutFigures,
    run: (run) => crossFanout(run, { documents: 50, clients: 4, rate: 4 }),
  },
  json: {
    summary: '20 documents × 10 clients, 4 of each writing 4/s: Yjs clients, JSON clients, both',
    contenders: ['codraft'],
    windowMs: 0,
    figures: [
      'jsonPerYjs',
      'watchedPerYjs',
      'leftPerYjs',
      'yjsCpuUsPerDelivery',
      'jsonCpuUsPerDelivery',
      'yjsCpuUsPerEdit',
      'jsonCpuUsPerEdit',
      'yjsBytesPerDelivery',
      'jsonBytesPerDelivery',
      'yjsP50ms',
      'jsonP50ms',
      'yjsAckP50ms',
      'jsonAckP50ms',
    ],
    run: (run) => json(run, { documents: 20, clients: 10, writers: 4, rate: 4 }),
  },
  'redis-append': {
    summary: 'appends to the journal in Redis (AOF always) until they are durable, over 100 documents',
    contenders: ['codraft'],
    windowMs: 0,
    figures: ['p50msAt200', 'p99msAt200', 'p50msAt5000', 'p99msAt5000', 'appendsPerSecondAt5000'],
    run: (run) => redisAppend(run, [200, 5_000]),
  },
  idle: {
    summary: '4,000 connections, half in shared documents of 100, half on a document each',
    contenders: withoutWindow,
    windowMs: 0,
    figures: [
      'rssAllMb',
      'rssStartMb',
      'rssClosedMb',
      'rssKbPerConnection',
      'rssKbPerOwnDocument',
      'heapKbPerConnection',
      'heapKbPerOwnDocument',
      'heapStartKb',
      'cpuUsPerConnect',
    ],
    run: (run) => idle(run, { connections: run.quick ? 1000 : 4000, perSharedDocument: 100 }),
  },
} as const satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof scenarios

export const scenarioNames = Object.keys(scenarios) as ScenarioName[]

export const isScenarioName = (text: string): text is ScenarioName => Object.hasOwn(scenarios, text)

/** The scenario with its literal types widened. */
export const scenarioOf = (name: ScenarioName): Scenario => scenarios[name]
