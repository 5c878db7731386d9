/** What is counted of a document in a stretch of time, as the API tells it. */
export interface UsageCounts {
  readonly opens: number
  readonly edits: number
  readonly editors: number
  /** Characters. */
  readonly inserted: number
  /** Characters. */
  readonly deleted: number
}

interface UsageRow extends UsageCounts {
  /** ISO 8601. */
  readonly from: string
}

export interface Analytics {
  /** Of all `days`; a user who edited on several of them is one of the `editors`. */
  readonly total: UsageCounts
  /** Days (UTC) on which something happened. */
  readonly days: readonly UsageRow[]
  /** The same by hour, for the last seven days. */
  readonly hours: readonly UsageRow[]
}

/** A day or an hour, also one in which nothing happened. */
export interface Slot extends UsageCounts {
  /** ms since the epoch. */
  readonly startsAt: number
}

export interface Span {
  readonly name: string
  readonly unit: 'day' | 'hour'
  readonly slots: number
  readonly slotMs: number
  readonly rowsOf: (analytics: Analytics) => readonly UsageRow[]
}

export const spans: readonly Span[] = [
  { name: '30 days', unit: 'day', slots: 30, slotMs: 86_400_000, rowsOf: ({ days }) => days },
  { name: '24 hours', unit: 'hour', slots: 24, slotMs: 3_600_000, rowsOf: ({ hours }) => hours },
]

const nothing: UsageCounts = { opens: 0, edits: 0, editors: 0, inserted: 0, deleted: 0 }

/** The slots of a span without a gap, the one of `now` last. */
export const slotsOf = (analytics: Analytics, span: Span, now = Date.now()): Slot[] => {
  const byStart = new Map(span.rowsOf(analytics).map((row) => [Date.parse(row.from), row]))
  const last = Math.floor(now / span.slotMs)
  return Array.from({ length: span.slots }, (_, index) => {
    const startsAt = (last - span.slots + 1 + index) * span.slotMs
    return { ...nothing, ...byStart.get(startsAt), startsAt }
  })
}

export interface Figure {
  readonly label: string
  readonly value: string
}

/** Of the editors of each hour nobody knows how many are the same, so they have no sum: the busiest hour is told. */
export const figuresOf = ({ total }: Analytics, { unit }: Span, slots: readonly Slot[]): Figure[] => {
  const sum = (name: keyof UsageCounts): string =>
    slots.reduce((all, slot) => all + slot[name], 0).toLocaleString()
  return [
    { label: 'Edits', value: sum('edits') },
    unit === 'day'
      ? { label: 'Editors', value: total.editors.toLocaleString() }
      : { label: 'Most editors in an hour', value: largest(slots, 'editors').toLocaleString() },
    { label: 'Characters', value: `+${sum('inserted')} −${sum('deleted')}` },
    { label: 'Opened', value: sum('opens') },
  ]
}

export const largest = (slots: readonly Slot[], name: keyof UsageCounts): number =>
  Math.max(0, ...slots.map((slot) => slot[name]))

// The server counts in days of UTC, so they keep their date wherever the page is read.
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' })
const hour = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric', minute: '2-digit' })

export const nameOf = ({ startsAt }: Slot, { unit }: Span): string =>
  (unit === 'day' ? day : hour).format(startsAt)

export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString()} ${noun}${count === 1 ? '' : 's'}`
