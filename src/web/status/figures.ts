import type { Status } from '../../rest/status-schema.ts'

type Buckets = Status['totals']['latency']

/** What is shown of the time between two answers of the server. */
export interface Rates {
  readonly editsPerSecond: number
  readonly sentPerSecond: number
  /** 99th percentile of the message latency, ms; undefined when nothing was sent. */
  readonly latencyMs: number | undefined
}

/** Rates from totals that only grow; from the start of a server on when it was started meanwhile. */
export const ratesBetween = (before: Status, now: Status, seconds: number): Rates => {
  const isSame = before.startedAt === now.startedAt
  const growth = (read: (status: Status) => number): number =>
    (read(now) - (isSame ? read(before) : 0)) / Math.max(0.001, seconds)
  return {
    editsPerSecond: growth(({ totals }) => totals.edits),
    sentPerSecond: growth(({ totals }) => totals.sent),
    latencyMs: quantile(0.99, isSame ? before.totals.latency : [], now.totals.latency),
  }
}

/** Linear within a bucket, as Prometheus has it; ms. */
const quantile = (part: number, before: Buckets, now: Buckets): number | undefined => {
  const earlier = new Map(before)
  const buckets = now.map(([le, count]) => ({
    le: le === '+Inf' ? Infinity : Number(le),
    count: count - (earlier.get(le) ?? 0),
  }))
  const total = buckets.at(-1)?.count ?? 0
  if (total === 0) return undefined
  const rank = part * total
  const index = buckets.findIndex(({ count }) => count >= rank)
  const low = buckets[index - 1] ?? { le: 0, count: 0 }
  const high = buckets[index] ?? low
  if (high.le === Infinity) return low.le * 1000
  const within = (rank - low.count) / Math.max(1, high.count - low.count)
  return (low.le + (high.le - low.le) * within) * 1000
}
