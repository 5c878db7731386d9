import type { ContenderName } from './lib/contenders.ts'
import type { ScenarioName } from './scenarios/catalogue.ts'

/** The figure of one contender over all rounds: the median, or the worst (highest). Undefined when it was not measured. */
export type Lookup = (
  contender: ContenderName,
  figure: string,
  pick?: 'median' | 'worst',
) => number | undefined

export type Opponent = Exclude<ContenderName, 'codraft'>

/** A figure of codraft divided by that of an opponent. Without a limit it is only shown. */
export interface Ratio {
  readonly against: Opponent
  readonly figure: string
  /** Needed when a scenario has ratios of several figures. */
  readonly label?: string
  readonly limit?: number
}

/** A figure of codraft by itself. Without a limit it is only shown. */
export interface Condition {
  readonly label: string
  readonly figure: string
  readonly unit?: string
  readonly pick?: 'median' | 'worst'
  readonly limit?: { readonly text: string; readonly value: (lookup: Lookup) => number | undefined }
}

export interface Target {
  readonly ratios: readonly Ratio[]
  readonly conditions: readonly Condition[]
}

const cost = (against: Opponent, limit?: number): Ratio => ({
  against,
  figure: 'cpuUsPerDelivery',
  ...(limit !== undefined && { limit }),
})

const atMost = (value: number, unit = ''): NonNullable<Condition['limit']> => ({
  text: `≤ ${value}${unit && ` ${unit}`}`,
  value: () => value,
})

const p50 = { label: 'p50', figure: 'p50ms', unit: 'ms' } as const
const p99 = { label: 'p99', figure: 'p99ms', unit: 'ms' } as const

/** What codraft is built to reach. Against plain Hocuspocus at its defaults, and with the window that codraft has. */
export const targets: Record<ScenarioName, Target> = {
  small: {
    ratios: [cost('plain', 0.65), cost('relay')],
    conditions: [{ ...p50, limit: { text: '≤ that of plain', value: (lookup) => lookup('plain', 'p50ms') } }],
  },
  room: {
    ratios: [cost('plain', 0.65), cost('plain-window', 0.95), cost('relay')],
    conditions: [p50, { ...p99, limit: atMost(50, 'ms') }],
  },
  busy: {
    ratios: [cost('plain', 0.35), cost('plain-window', 0.85), cost('relay', 0.5)],
    conditions: [p50, { ...p99, limit: atMost(30, 'ms') }],
  },
  'busy-docs': {
    ratios: [cost('plain', 0.7), cost('plain-window', 0.9), cost('relay')],
    conditions: [p50, { ...p99, limit: atMost(10, 'ms') }],
  },
  awareness: {
    ratios: [cost('plain', 0.2), cost('plain-window', 0.5), cost('relay')],
    conditions: [{ ...p50, limit: atMost(50, 'ms') }],
  },
  join: {
    ratios: [
      { against: 'plain', figure: 'coldJoinMs', label: 'cold time', limit: 0.1 },
      { against: 'plain', figure: 'coldCpuMs', label: 'cold CPU', limit: 0.15 },
      { against: 'plain', figure: 'coldCpuSettledMs', label: 'cold CPU, settled' },
      { against: 'plain', figure: 'burstCpuMs', label: 'burst CPU' },
    ],
    conditions: [
      { label: 'first edit acknowledged', figure: 'firstEditAckMs', unit: 'ms' },
      { label: 'burst CPU', figure: 'burstCpuMs', unit: 'ms' },
    ],
  },
  crash: {
    ratios: [],
    conditions: [{ label: 'ackedLost', figure: 'ackedLost', pick: 'worst', limit: atMost(0) }],
  },
  'slow-reader': {
    ratios: [{ against: 'plain', figure: 'grownPerBacklog' }],
    conditions: [
      { label: 'growth ÷ backlog', figure: 'grownPerBacklog', limit: atMost(0.1) },
      {
        ...p50,
        label: 'p50 of the others',
        limit: {
          text: '≤ 1.25 × control + 1 ms',
          value: (lookup) => {
            const control = lookup('codraft', 'controlP50ms')
            return control === undefined ? undefined : 1.25 * control + 1
          },
        },
      },
    ],
  },
  idle: {
    ratios: [
      { against: 'plain', figure: 'rssAllMb', label: 'RSS', limit: 1 },
      { against: 'plain', figure: 'heapKbPerConnection', label: 'heap/connection', limit: 0.7 },
      { against: 'relay', figure: 'rssAllMb', label: 'RSS' },
    ],
    conditions: [{ label: 'heap/connection', figure: 'heapKbPerConnection', unit: 'KB' }],
  },
  'cross-keystroke': {
    ratios: [
      {
        against: 'extension-redis',
        figure: 'instanceCpuMsPerEdit',
        label: 'CPU of the instances',
        limit: 0.2,
      },
      { against: 'extension-redis', figure: 'redisBytesPerEdit', label: 'bytes into Redis' },
    ],
    conditions: [
      { label: 'bytes into Redis', figure: 'redisBytesPerEdit', limit: atMost(300) },
      { label: 'calls of Redis', figure: 'redisCallsPerEdit', limit: atMost(1.05) },
      { ...p50, limit: atMost(5, 'ms') },
    ],
  },
  cross: {
    ratios: [cost('extension-redis', 0.5)],
    conditions: [p50, p99],
  },
  json: {
    ratios: [],
    conditions: [
      { label: 'JSON ÷ Yjs', figure: 'jsonPerYjs' },
      { label: 'Yjs with a JSON client there ÷ without', figure: 'watchedPerYjs' },
      { label: 'Yjs after a JSON client has left ÷ without', figure: 'leftPerYjs', limit: atMost(1.1) },
    ],
  },
  'redis-append': {
    ratios: [],
    conditions: [
      { label: 'p99 at 200/s', figure: 'p99msAt200', unit: 'ms' },
      { label: 'p99 at 5,000/s', figure: 'p99msAt5000', unit: 'ms' },
    ],
  },
}
