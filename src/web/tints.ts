/** Colours of people: each one carries white text with a contrast of at least 4.5 (WCAG 2.2, AA). */
export const tints = [
  '#0f766e',
  '#c2410c',
  '#1d4ed8',
  '#a21caf',
  '#4d7c0f',
  '#be123c',
  '#6d28d9',
  '#0369a1',
  '#92600a',
  '#15803d',
  '#be185d',
  '#475569',
] as const

const hash = (text: string): number => {
  let value = 2_166_136_261
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 16_777_619) >>> 0
  }
  return value
}

/** The colour that belongs to an id everywhere, unless somebody who is here already has it. */
export const tintOf = (id: string): string => tints[hash(id) % tints.length] ?? tints[0]

/**
 * Gives each id its colour, and the next free one when two people who are here would look the same. A colour
 * stays with an id for as long as the page is open.
 */
export const tintRegistry = () => {
  const given = new Map<string, string>()
  return (id: string): string => {
    const known = given.get(id)
    if (known) return known
    const taken = new Set(given.values())
    const first = hash(id) % tints.length
    const tint =
      tints.map((_, offset) => tints[(first + offset) % tints.length]).find((it) => it && !taken.has(it)) ??
      tintOf(id)
    given.set(id, tint)
    return tint
  }
}
