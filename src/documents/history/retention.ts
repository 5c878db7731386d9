/** What decides whether a version is kept. */
export interface KeptVersion {
  readonly id: string
  readonly kind: 'manual' | 'automatic'
  /** A version with a label is kept whatever its age. */
  readonly label: string | null
  /** ms since the epoch */
  readonly createdAt: number
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Automatic versions up to an age, the newest of each period is kept. */
const tiers: readonly { readonly upToMs: number; readonly periodMs: number }[] = [
  { upToMs: dayMs, periodMs: 1 },
  { upToMs: 7 * dayMs, periodMs: hourMs },
  { upToMs: 90 * dayMs, periodMs: dayMs },
  { upToMs: Infinity, periodMs: 7 * dayMs },
]

/**
 * Automatic versions that have become too many: all of the last day are kept, then one an hour for a week, one a day for
 * 90 days, one a week until they are `keepMs` old. Those that somebody has made or named stay.
 *
 * @returns ids of the versions to delete
 */
export const superseded = (versions: readonly KeptVersion[], now: number, keepMs: number): string[] => {
  const taken = new Set<string>()
  const ids: string[] = []
  for (const { id, kind, label, createdAt } of [...versions].sort((a, b) => b.createdAt - a.createdAt)) {
    if (kind === 'manual' || label !== null) continue
    const ageMs = now - createdAt
    const tier = tiers.findIndex(({ upToMs }) => ageMs <= upToMs)
    // Periods of the calendar, not of the age: what is kept today is kept tomorrow.
    const period = `${tier}:${Math.floor(createdAt / tiers[tier]!.periodMs)}`
    if (ageMs > keepMs || (tier > 0 && taken.has(period))) ids.push(id)
    taken.add(period)
  }
  return ids
}
