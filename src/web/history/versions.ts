/** A version as the API lists it. */
export interface Version {
  readonly id: string
  readonly kind: 'manual' | 'automatic'
  readonly label: string | null
  readonly authorId: string | null
  readonly authorName: string | null
  /** ISO 8601. */
  readonly createdAt: string
}

export interface Change {
  readonly kind: 'same' | 'inserted' | 'deleted'
  readonly text: string
}

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' })

export const timeOf = ({ createdAt }: Version): string => time.format(new Date(createdAt))

const dayMs = 86_400_000

/** The day of a version as a heading. */
export const dayOf = ({ createdAt }: Version, now = new Date()): string => {
  const date = new Date(createdAt)
  if (date.toDateString() === now.toDateString()) return 'Today'
  if (date.toDateString() === new Date(now.getTime() - dayMs).toDateString()) return 'Yesterday'
  return day.format(date)
}

export const titleOf = ({ label, kind }: Version): string =>
  label ?? (kind === 'automatic' ? 'Kept automatically' : 'Kept by hand')

export const authorOf = ({ authorId, authorName }: Version): string => authorName ?? authorId ?? 'the server'

/** Lines of unchanged text that are shown before and after a change. */
const context = 2

/** Unchanged text between changes, without what is far from them. */
export const shorten = (text: string, isFirst: boolean, isLast: boolean): string => {
  const lines = text.split('\n')
  if (lines.length <= 2 * context + 2) return text
  const before = isFirst ? [] : lines.slice(0, context + 1)
  const after = isLast ? [] : lines.slice(-context - 1)
  return [...before, '⋯', ...after].join('\n')
}
