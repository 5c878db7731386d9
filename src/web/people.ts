/** Somebody who has the document open, in however many tabs and devices. */
export interface Person {
  readonly id: string
  readonly name: string
  /** The person at this page. */
  readonly self: boolean
}

type AwarenessStates = ReadonlyMap<number, Readonly<Record<string, unknown>>>

interface AwarenessUser {
  id?: unknown
  name?: unknown
}

const nameless = 'Anonymous'

const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

/** The id under which a client is shown: of its user, else its own. */
export const personId = (user: AwarenessUser | undefined, clientId: number): string =>
  text(user?.id) || `client-${clientId}`

export const personName = (user: AwarenessUser | undefined): string => text(user?.name) || nameless

/** Everybody who is here, each person once: oneself first, then by name. */
export const peopleIn = (states: AwarenessStates, ownClientId: number): Person[] => {
  const ownState = states.get(ownClientId)
  const ownId = ownState && personId(ownState['user'] as AwarenessUser | undefined, ownClientId)
  const people = new Map<string, Person>()
  // The own state comes first, so that a name changed here wins over the name in another tab.
  const entries = [...states].sort(
    ([a], [b]) => Number(b === ownClientId) - Number(a === ownClientId) || a - b,
  )
  for (const [clientId, state] of entries) {
    const user = state['user'] as AwarenessUser | undefined
    if (!user) continue
    const id = personId(user, clientId)
    if (!people.has(id)) people.set(id, { id, name: personName(user), self: id === ownId })
  }
  return [...people.values()].sort(
    (a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id),
  )
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** One or two letters for an avatar: of the first and the last word. */
export const initialsOf = (name: string): string => {
  const words = name.split(/[\s._-]+/u).filter(Boolean)
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words
  return chosen
    .map((word = '') => [...graphemes.segment(word)][0]?.segment ?? '')
    .join('')
    .toLocaleUpperCase()
}
