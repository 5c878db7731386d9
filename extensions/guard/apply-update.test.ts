import * as encoding from 'lib0/encoding'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { applyUpdateWithin } from './apply-update.ts'
import { checkUpdate } from './check-update.ts'
import { defaultGuardLimits } from './limits.ts'

/** A document of two authors with nested types, formats, deletions, a map and a subdocument. */
const longHistory = (): Y.Doc => {
  const authors = [new Y.Doc(), new Y.Doc()]
  for (let i = 0; i < 300; i++) {
    const [author, other] = i % 2 ? authors : authors.toReversed()
    const paragraph = new Y.XmlElement('paragraph')
    const text = new Y.XmlText()
    text.insert(0, `words ${i} 👋🏽`, i % 3 ? {} : { bold: true })
    paragraph.insert(0, [text])
    const fragment = author!.getXmlFragment('page')
    fragment.insert(Math.min(i % 5, fragment.length), [paragraph])
    if (i % 7 === 0) fragment.delete(0, 1)
    author!.getMap('map').set(`key${i % 9}`, { value: [i] })
    if (i % 100 === 0) author!.getMap('map').set('page', new Y.Doc({ guid: `sub${i}` }))
    if (i % 10 === 0) Y.applyUpdate(other!, Y.encodeStateAsUpdate(author!))
  }
  const [one, two] = authors
  Y.applyUpdate(one!, Y.encodeStateAsUpdate(two!))
  return one!
}

const contentOf = (document: Y.Doc): unknown => [
  document.getXmlFragment('page').toJSON(),
  Object.keys(document.getMap('map').toJSON()).toSorted(),
  Y.encodeStateVector(document),
]

describe('applyUpdateWithin', () => {
  it('applies a long update as Yjs does, in one transaction', () => {
    const update = Y.encodeStateAsUpdate(longHistory())
    const [ours, theirs] = [new Y.Doc(), new Y.Doc()]
    Y.applyUpdate(theirs, update)
    const events: [Uint8Array, unknown, boolean][] = []
    ours.on('update', (event, origin, _, { local }) => events.push([event, origin, local]))
    expect(applyUpdateWithin(ours, update, 'origin')).toBe(true)
    expect(contentOf(ours)).toEqual(contentOf(theirs))
    expect(ours.store).toMatchObject({ pendingStructs: null, pendingDs: null })
    expect(events).toEqual([[expect.any(Uint8Array), 'origin', false]])
    const replica = new Y.Doc()
    Y.applyUpdate(replica, events[0]![0])
    expect(contentOf(replica)).toEqual(contentOf(theirs))
  })

  it('changes nothing when all of it is known', () => {
    const document = longHistory()
    const before = Y.encodeStateAsUpdate(document)
    document.on('update', () => expect.unreachable('nothing is new'))
    expect(applyUpdateWithin(document, before, null)).toBe(true)
    expect(Y.encodeStateAsUpdate(document)).toEqual(before)
  })

  it('gives up when structs are placed so that each takes a walk over all others; what it applied is whole', () => {
    const structs = 10_000
    const update = encoding.encode((encoder) => {
      const writeAll = (...values: number[]): void =>
        values.forEach((value) => encoding.writeVarUint(encoder, value))
      writeAll(1, 2 * structs, 7, 0)
      for (let i = 0; i < structs; i++) {
        encoding.writeUint8(encoder, i === 0 ? 4 : 0x84)
        if (i === 0) {
          writeAll(1)
          encoding.writeVarString(encoder, 't')
        } else writeAll(7, i - 1)
        encoding.writeVarString(encoder, 'a')
      }
      for (let i = 0; i < structs; i++) {
        encoding.writeUint8(encoder, 0x44)
        writeAll(7, structs - 1 - i)
        encoding.writeVarString(encoder, 'b')
      }
      writeAll(0)
    })
    const document = new Y.Doc()
    const replica = new Y.Doc()
    document.on('update', (event: Uint8Array) => Y.applyUpdate(replica, event))
    expect(checkUpdate(document, update, defaultGuardLimits)).toEqual({ ok: true })
    const startedAt = performance.now()
    // Without a limit it takes more than ten seconds.
    expect(applyUpdateWithin(document, update, null, { baseMs: 20, msPerStruct: 0 })).toBe(false)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    expect(document.getText('t').length).toBeGreaterThan(0)
    expect(replica.getText('t').toJSON()).toBe(document.getText('t').toJSON())
    document.getText('t').insert(0, 'still alive')
    expect(replica.getText('t').toJSON()).toBe(document.getText('t').toJSON())
  })
})
