import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { applyUpdateWithin, checkUpdate, defaultGuardLimits } from '../../extensions/guard/index.ts'
import { seededRandom, randomSeed } from '../helpers/random.ts'

type Random = () => number
const below = (random: Random, end: number): number => Math.floor(random() * end)

/** One edit of any kind that editors make. */
const edit = (document: Y.Doc, random: Random, astral: string): void => {
  const text = document.getText('text')
  const at = below(random, text.length + 1)
  const length = Math.min(1 + below(random, 5), text.length - at)
  const page = document.getXmlFragment('page')
  const paragraph = page.length > 0 ? page.get(below(random, page.length)) : undefined
  const kind = random()
  if (kind < 0.4) text.insert(at, random() < 0.1 ? `${astral}é` : String.fromCharCode(97 + below(random, 26)))
  else if (kind < 0.5) text.delete(at, length)
  else if (kind < 0.58) text.format(at, length, { bold: random() < 0.5 ? true : null })
  else if (kind < 0.6) text.insertEmbed(at, { image: 'x.png' })
  else if (kind < 0.7) document.getMap('map').set(`key${below(random, 5)}`, { value: [at, null, 1.5, 'x'] })
  else if (kind < 0.72) document.getMap('map').set('page', new Y.Doc({ guid: 'sub' }))
  else if (kind < 0.74) document.getArray('list').push([Uint8Array.of(at & 255), new Y.Map([['k', at]])])
  else if (kind < 0.82) page.insert(below(random, page.length + 1), [new Y.XmlElement('paragraph')])
  else if (kind < 0.84 && page.length > 2) page.delete(0, 1)
  else if (paragraph instanceof Y.XmlElement && paragraph.length === 0)
    paragraph.insert(0, [new Y.XmlText('words')])
  else if (paragraph instanceof Y.XmlElement) paragraph.setAttribute('align', String(at))
}

/** What two authors who see each other's edits late send, in the order in which a server gets it. */
const realUpdates = (count: number, random: Random, astral = '👋🏽'): Uint8Array[] => {
  const authors = [1, 2].map((clientID) => Object.assign(new Y.Doc(), { clientID }))
  const undo = authors.map(
    (author, i) => new Y.UndoManager(author.getText('text'), { trackedOrigins: new Set([i]) }),
  )
  const sent: Uint8Array[] = []
  const seen = [0, 0]
  for (const [i, author] of authors.entries())
    author.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === i || origin === undo[i]) sent.push(update)
    })
  while (sent.length < count) {
    const i = below(random, 2)
    const author = authors[i]!
    if (random() < 0.2)
      for (; seen[i]! < sent.length; seen[i]! += 1) Y.applyUpdate(author, sent[seen[i]!]!, 'server')
    if (random() < 0.03) undo[i]!.undo()
    else author.transact(() => edit(author, random, astral), i)
  }
  return sent
}

const mutate = (update: Uint8Array, random: Random): Uint8Array => {
  const bytes = Uint8Array.from(update)
  const changes = 1 + below(random, 4)
  for (let i = 0; i < changes; i++) bytes[below(random, bytes.length)] = below(random, 256)
  return random() < 0.2 ? bytes.subarray(0, below(random, bytes.length)) : bytes
}

interface Chunk {
  insert: unknown
  attributes?: Record<string, unknown>
}

/** Where Yjs cuts a run of equal format depends on how it got there. */
const joinChunks = (chunks: Chunk[]): Chunk[] => {
  const joined: Chunk[] = []
  for (const { insert, attributes = {} } of chunks) {
    const last = joined.at(-1)
    const isSame = JSON.stringify(last?.attributes) === JSON.stringify(attributes)
    if (last && isSame && typeof last.insert === 'string' && typeof insert === 'string') last.insert += insert
    else joined.push({ insert, attributes })
  }
  return joined
}

/** As plain values: a type or a subdocument within is not the same object in two documents. */
const contentOf = (document: Y.Doc): unknown => {
  const map: Record<string, unknown> = document.getMap('map').toJSON()
  return JSON.parse(
    JSON.stringify({
      vector: Object.fromEntries(Y.decodeStateVector(Y.encodeStateVector(document))),
      text: joinChunks(document.getText('text').toDelta()),
      page: document.getXmlFragment('page').toJSON(),
      map,
      list: document.getArray('list').toJSON(),
    }),
  )
}

const replicaOf = (document: Y.Doc): Y.Doc => {
  const replica = new Y.Doc()
  document.on('update', (update: Uint8Array) => Y.applyUpdate(replica, update))
  return replica
}

const seed = randomSeed()

it(`10,000 real updates are accepted, one by one and merged (seed ${seed})`, () => {
  const updates = realUpdates(10_000, seededRandom(seed))
  const document = new Y.Doc()
  for (const update of updates) {
    expect(checkUpdate(document, update, defaultGuardLimits)).toEqual({ ok: true })
    applyUpdateWithin(document, update, null)
  }
  const merging = new Y.Doc()
  for (let i = 0; i < updates.length; i += 50) {
    const merged = Y.mergeUpdates(updates.slice(i, i + 50))
    expect(checkUpdate(merging, merged, defaultGuardLimits)).toEqual({ ok: true })
    expect(applyUpdateWithin(merging, merged, null)).toBe(true)
  }
  expect(contentOf(merging)).toEqual(contentOf(document))
  const whole = Y.encodeStateAsUpdate(document)
  expect(checkUpdate(new Y.Doc(), whole, defaultGuardLimits)).toEqual({ ok: true })
})

it(`20,000 mutations of real updates harm no document (seed ${seed})`, () => {
  const random = seededRandom(seed)
  // A reference into the middle of a surrogate pair costs Yjs that character, and only where it was not known before.
  const originals = realUpdates(2_000, random, '')
  const live = new Y.Doc()
  const replica = replicaOf(live)
  for (const update of originals.slice(0, 1_000)) Y.applyUpdate(live, update)
  let accepted = 0
  let slowestMs = 0
  for (let i = 0; i < 20_000; i++) {
    const update = mutate(originals[below(random, originals.length)]!, random)
    const startedAt = performance.now()
    if (checkUpdate(live, update, defaultGuardLimits).ok) {
      accepted += 1
      applyUpdateWithin(live, update, null)
      expect(live.store).toMatchObject({ pendingStructs: null, pendingDs: null })
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedAt)
  }
  expect(accepted).toBeGreaterThan(100)
  expect(slowestMs).toBeLessThan(250)
  expect(contentOf(replica)).toEqual(contentOf(live))
  const fresh = new Y.Doc()
  Y.applyUpdate(fresh, Y.encodeStateAsUpdate(live))
  expect(contentOf(fresh)).toEqual(contentOf(live))
  live.getText('text').insert(0, 'still alive')
  expect(contentOf(replica)).toEqual(contentOf(live))
})

it(`5,000 random byte strings pass or fail quickly and never throw (seed ${seed})`, () => {
  const random = seededRandom(seed)
  const document = new Y.Doc()
  const replica = replicaOf(document)
  for (let i = 0; i < 5_000; i++) {
    const noise = Uint8Array.from({ length: 1 + below(random, 60) }, () => below(random, 256))
    const startedAt = performance.now()
    if (checkUpdate(document, noise, defaultGuardLimits).ok) applyUpdateWithin(document, noise, null)
    expect(performance.now() - startedAt).toBeLessThan(250)
  }
  expect(contentOf(replica)).toEqual(contentOf(document))
})
