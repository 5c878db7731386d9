/**
 * Markers tie an edit to its deliveries: `<w12#345>` is the 345th edit of source 12. They are plain ASCII, so they
 * survive in the bytes of every message that carries the edit, merged or not.
 */
export const marker = (source: number, sequence: number): string => `<w${source}#${sequence}>`

const open = 0x3c
const letter = 0x77
const hash = 0x23
const close = 0x3e
const zero = 0x30

/** Calls `found` for every marker in the raw bytes of a message. */
export const scanMarkers = (bytes: Uint8Array, found: (source: number, sequence: number) => void): void => {
  const end = bytes.length - 4
  for (let i = bytes.indexOf(open); i >= 0 && i < end; i = bytes.indexOf(open, i)) {
    i++
    if (bytes[i] !== letter) continue
    let at = i + 1
    let source = 0
    for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, ++at))
      source = source * 10 + digit
    if (at === i + 1 || bytes[at] !== hash) continue
    const start = ++at
    let sequence = 0
    for (let digit = digitAt(bytes, at); digit >= 0; digit = digitAt(bytes, ++at))
      sequence = sequence * 10 + digit
    if (at === start || bytes[at] !== close) continue
    found(source, sequence)
    i = at
  }
}

const digitAt = (bytes: Uint8Array, at: number): number => {
  const digit = (bytes[at] ?? 0) - zero
  return digit <= 9 ? digit : -1
}
