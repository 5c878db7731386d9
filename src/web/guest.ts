const animals =
  'Alpaca Badger Beaver Bison Crane Curlew Dolphin Falcon Ferret Finch Gecko Heron Ibex Jackdaw Kestrel Koala Lapwing Lemur Lynx Magpie Marten Mole Newt Ocelot Octopus Osprey Otter Owl Panda Pelican Penguin Puffin Quail Quokka Raven Robin Seal Sparrow Squirrel Stoat Swift Tapir Toad Walrus Weasel Wombat Wren'
const tempers =
  'Amber Bold Brave Bright Calm Clever Curious Daring Eager Early Gentle Golden Happy Honest Jolly Keen Kind Lively Lucky Merry Mellow Nimble Patient Polite Proud Quick Quiet Silver Sunny Swift Thoughtful Tidy Warm Wise Witty'

export const maxNameLength = 60

/** Somebody without an account: known by an id that this browser keeps. */
export interface Guest {
  readonly id: string
  name: string
  /** The user id that the server has made of `id`; undefined before the first token. */
  userId?: string
}

const pick = (words: string): string => {
  const list = words.split(' ')
  return list[Math.floor(Math.random() * list.length)] ?? ''
}

/** A friendly name such as "Quiet Otter". */
export const randomGuestName = (): string => `${pick(tempers)} ${pick(animals)}`

/** The name as shown to others: one line, no outer spaces, at most {@link maxNameLength} characters. */
export const cleanName = (text: string): string =>
  text
    .replace(/\s+/gu, ' ')
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, maxNameLength)

/** A fresh id; `crypto.randomUUID` is missing on plain http away from loopback. */
const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )

const key = 'codraft.guest'

/** The guest of this browser, made on the first visit. Without storage the guest lasts as long as the page. */
export const loadGuest = (storage: Storage | undefined): Guest => {
  const saved = parse(storage?.getItem(key))
  const guest = saved ?? { id: randomId(), name: randomGuestName() }
  if (!saved) saveGuest(storage, guest)
  return guest
}

export const saveGuest = (storage: Storage | undefined, guest: Guest): void => {
  storage?.setItem(key, JSON.stringify(guest))
}

const parse = (text: string | null | undefined): Guest | undefined => {
  if (!text) return undefined
  try {
    const { id, name, userId } = JSON.parse(text) as Partial<Guest>
    if (typeof id !== 'string' || !id || typeof name !== 'string' || !name) return undefined
    return { id, name, ...(typeof userId === 'string' && { userId }) }
  } catch {
    return undefined
  }
}

/** The browser's storage, or undefined where it is blocked. */
export const availableStorage = (kind: 'localStorage' | 'sessionStorage'): Storage | undefined => {
  try {
    const storage = window[kind]
    storage.setItem('codraft.probe', '1')
    storage.removeItem('codraft.probe')
    return storage
  } catch {
    return undefined
  }
}
