import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate, defaultGuardLimits } from '../../extensions/guard/index.ts'
import { seededRandom, randomSeed } from '../helpers/random.ts'

/** Updates of an author who types, formats, deletes and keeps a map. */
const realUpdates = (count: number, random: () => number): Uint8Array[] => {
  const document = new Y.Doc()
  document.clientID = 1
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  const text = document.getText('text')
  while (updates.length < count) {
    const at = Math.floor(random() * (text.length + 1))
    const kind = random()
    if (kind < 0.7) text.insert(at, String.fromCharCode(97 + Math.floor(random() * 26)))
    else if (kind < 0.85) text.delete(Math.min(at, Math.max(0, text.length - 2)), Math.min(2, text.length))
    else if (kind < 0.95)
      text.format(Math.min(at, Math.max(0, text.length - 1)), Math.min(1, text.length), { bold: true })
    else document.getMap('map').set(`key${Math.floor(random() * 5)}`, { value: at })
  }
  return updates
}

const mutate = (update: Uint8Array, random: () => number): Uint8Array => {
  const bytes = Uint8Array.from(update)
  const changes = 1 + Math.floor(random() * 4)
  for (let i = 0; i < changes; i++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
  return random() < 0.2 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes
}

const seed = randomSeed()
it(`20,000 mutations of real updates harm no document (seed ${seed})`, () => {
  const random = seededRandom(seed)
  const originals = realUpdates(2_000, random)
  const live = new Y.Doc()
  const replica = new Y.Doc()
  live.on('update', (update: Uint8Array) => Y.applyUpdate(replica, update))
  for (const update of originals.slice(0, 1_000)) Y.applyUpdate(live, update)
  let slowestMs = 0
  let applied = 0
  for (let i = 0; i < 20_000; i++) {
    const update = mutate(originals[Math.floor(random() * originals.length)]!, random)
    const startedAt = performance.now()
    if (checkUpdate(live, update, defaultGuardLimits).ok) {
      applied += 1
      try {
        Y.applyUpdate(live, update)
      } catch {
        // What was applied before the error has been sent to the replica: they must still be equal.
      }
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedAt)
  }
  expect(applied).toBeGreaterThan(0)
  expect(slowestMs).toBeLessThan(250)
  expect(Y.encodeStateVector(replica)).toEqual(Y.encodeStateVector(live))
  expect(replica.getText('text').toDelta()).toEqual(live.getText('text').toDelta())
  expect(replica.getMap('map').toJSON()).toEqual(live.getMap('map').toJSON())
  const fresh = new Y.Doc()
  Y.applyUpdate(fresh, Y.encodeStateAsUpdate(live))
  expect(fresh.getText('text').toDelta()).toEqual(live.getText('text').toDelta())
})

it(`5,000 random byte strings pass or fail quickly and never throw (seed ${seed})`, () => {
  const random = seededRandom(seed)
  const document = new Y.Doc()
  for (let i = 0; i < 5_000; i++) {
    const noise = Uint8Array.from({ length: 1 + Math.floor(random() * 60) }, () => Math.floor(random() * 256))
    const startedAt = performance.now()
    checkUpdate(document, noise, defaultGuardLimits)
    expect(performance.now() - startedAt).toBeLessThan(250)
  }
})
