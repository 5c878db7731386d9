const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** How long ago something was, in words; a date when that is a week or more. */
export const agoOf = (at: number, now = Date.now()): string => {
  const passed = Math.max(0, now - at)
  if (passed < minuteMs) return 'now'
  if (passed < hourMs) return relative.format(-Math.floor(passed / minuteMs), 'minute')
  if (passed < dayMs) return relative.format(-Math.floor(passed / hourMs), 'hour')
  return passed < 7 * dayMs ? relative.format(-Math.floor(passed / dayMs), 'day') : date.format(at)
}
