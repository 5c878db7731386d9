import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs'

export interface History {
  /** In the order in which they were made. */
  readonly updates: readonly Uint8Array[]
  /** What the finished document is recognised by. */
  readonly text: string
  readonly stateVector: Uint8Array
  readonly stateBytes: number
}

/** Park-Miller generator: the same history in every run. */
const randomNumbers = (seed: number) => (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647

/**
 * A document with a past: authors who type in bursts of 10 to 69 keystrokes, jump about and delete. The last
 * update appends `end`.
 */
export const makeHistory = (keystrokes: number, authors: number, end: string): History => {
  const random = randomNumbers(42)
  const updates: Uint8Array[] = []
  const documents = Array.from({ length: authors }, (_, index) => {
    const document = new Doc()
    document.clientID = 1000 + index
    return document
  })
  for (const document of documents) {
    document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === 'peer') return
      updates.push(update)
      for (const other of documents) if (other !== document) applyUpdate(other, update, 'peer')
    })
  }
  const cursors = documents.map(() => 0)
  let left = keystrokes
  while (left > 0) {
    const author = Math.floor(random() * authors)
    const burst = Math.min(left, 10 + Math.floor(random() * 60))
    const jumps = random() < 0.3
    const document = documents[author]
    if (!document) continue
    const text = document.getText('bench')
    let cursor = cursors[author] ?? 0
    if (jumps || cursor > text.length) cursor = Math.floor(random() * (text.length + 1))
    document.transact(() => {
      for (let i = 0; i < burst; i++) {
        if (random() < 0.08 && cursor > 0) text.delete(--cursor, 1)
        else
          text.insert(cursor++, random() < 0.18 ? ' ' : String.fromCodePoint(97 + Math.floor(random() * 26)))
      }
    })
    cursors[author] = cursor
    left -= burst
  }
  const [document = new Doc()] = documents
  const text = document.getText('bench')
  text.insert(text.length, end)
  return {
    updates,
    text: text.toJSON(),
    stateVector: encodeStateVector(document),
    stateBytes: encodeStateAsUpdate(document).length,
  }
}
