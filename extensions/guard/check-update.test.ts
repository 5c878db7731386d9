import * as encoding from 'lib0/encoding'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate, defaultGuardLimits, defaultSyncLimits } from './check-update.ts'

/** The updates that `edit` makes in a document, one by one. */
const updatesOf = (edit: (document: Y.Doc) => void, document = new Y.Doc()): Uint8Array[] => {
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  edit(document)
  return updates
}

const verdictOn = (update: Uint8Array, document = new Y.Doc(), limits = defaultGuardLimits) =>
  checkUpdate(document, update, limits)

const bytes = (write: (encoder: encoding.Encoder) => void): Uint8Array => encoding.encode(write)

describe('updates of honest clients pass', () => {
  const edits: Record<string, (document: Y.Doc) => void> = {
    typing: (doc) => Array.from('hello 👋🏽 world').forEach((c, i) => doc.getText('t').insert(i, c)),
    'deleting and undo': (doc) => {
      const text = doc.getText('t')
      const undo = new Y.UndoManager(text, { captureTimeout: 0 })
      text.insert(0, 'abcdef')
      text.delete(1, 3)
      undo.undo()
      undo.redo()
    },
    'rich text': (doc) => {
      const text = doc.getText('t')
      text.insert(0, 'bold', { bold: true, link: { href: 'https://example.org', rel: ['a', 'b'] } })
      text.format(1, 2, { bold: null })
      text.insertEmbed(2, { image: 'x.png' })
    },
    'maps, arrays, binary and XML': (doc) => {
      doc.getMap('m').set('__proto__', { prototype: { polluted: 1 } })
      doc.getMap('m').set('bytes', Uint8Array.of(1, 2, 3))
      doc.getArray('a').push([1, null, 'x', { deep: [[[[1]]]] }])
      const element = new Y.XmlElement('p')
      doc.getXmlFragment('default').insert(0, [element])
      element.insert(0, [new Y.XmlText('text')])
      element.setAttribute('align', 'left')
    },
    subdocuments: (doc) => doc.getMap('m').set('sub', new Y.Doc()),
  }
  for (const [name, edit] of Object.entries(edits)) {
    it(name, () => {
      const replica = new Y.Doc()
      for (const update of updatesOf(edit)) {
        expect(checkUpdate(replica, update, defaultGuardLimits)).toEqual({ ok: true })
        Y.applyUpdate(replica, update)
      }
    })
  }

  it('two authors at once, and the whole history as one first synchronisation', () => {
    const [a, b, server] = [new Y.Doc(), new Y.Doc(), new Y.Doc()]
    const exchange = (from: Y.Doc, to: Y.Doc): void =>
      Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)))
    for (let i = 0; i < 200; i++) {
      const [from, to] = i % 2 ? [a, b] : [b, a]
      from.getText('t').insert(i % 7, `${i} `)
      if (i % 5 === 0) from.getText('t').delete(0, 1)
      if (i % 3 === 0) exchange(from, to)
    }
    exchange(a, b)
    expect(checkUpdate(server, Y.encodeStateAsUpdate(b), defaultSyncLimits)).toEqual({ ok: true })
  })
})

describe('a client that is merely ahead is asked for the rest', () => {
  const updates = updatesOf((doc) => {
    doc.getText('t').insert(0, 'a')
    doc.getText('t').insert(1, 'b')
    doc.getText('t').delete(0, 1)
  })
  it('a gap in its clock', () => {
    expect(verdictOn(updates[1]!)).toMatchObject({ ok: false, action: 'resync' })
  })
  it('a deletion of something unknown', () => {
    expect(verdictOn(updates[2]!)).toMatchObject({ ok: false, action: 'resync' })
  })
  it('content placed beside something unknown', () => {
    const other = new Y.Doc()
    Y.applyUpdate(other, updates[0]!)
    const [reply] = updatesOf((doc) => doc.getText('t').insert(1, 'x'), other)
    expect(verdictOn(reply!)).toMatchObject({ ok: false, action: 'resync' })
  })
})

describe('what no honest client sends is rejected', () => {
  it('nothing at all, noise, and a truncated update', () => {
    const [update] = updatesOf((doc) => doc.getText('t').insert(0, 'hello world'))
    for (const bad of [
      new Uint8Array(0),
      Uint8Array.of(255, 255, 255),
      update!.subarray(0, update!.length - 6),
    ]) {
      expect(verdictOn(bad)).toMatchObject({ ok: false, action: 'reject' })
    }
  })
  it('more bytes than allowed', () => {
    const [update] = updatesOf((doc) => doc.getText('t').insert(0, 'x'.repeat(2_000)))
    expect(verdictOn(update!, new Y.Doc(), { ...defaultGuardLimits, maxBytes: 1_000 })).toMatchObject({
      action: 'reject',
    })
  })
  it('a garbage-collected run of 2^50 characters in 14 bytes', () => {
    const update = bytes((encoder) => {
      for (const value of [1, 1, 7, 0]) encoding.writeVarUint(encoder, value)
      encoding.writeUint8(encoder, 0)
      encoding.writeVarUint(encoder, 2 ** 50)
      encoding.writeVarUint(encoder, 0)
    })
    expect(verdictOn(update)).toMatchObject({ action: 'reject', reason: 'absurd length' })
  })
  it('90,000 invented authors in one message', () => {
    const update = bytes((encoder) => {
      encoding.writeVarUint(encoder, 90_000)
      for (let client = 1; client <= 90_000; client++) {
        for (const value of [1, client, 1_000_000]) encoding.writeVarUint(encoder, value)
        encoding.writeUint8(encoder, 0)
        encoding.writeVarUint(encoder, 1)
      }
      encoding.writeVarUint(encoder, 0)
    })
    expect(verdictOn(update)).toMatchObject({ action: 'reject', reason: 'too many clients' })
    expect(verdictOn(update, new Y.Doc(), defaultSyncLimits)).toMatchObject({ ok: false })
  })
  it('values nested thousands of levels deep', () => {
    for (const depth of [1_000, 100_000]) {
      const update = bytes((encoder) => {
        for (const value of [1, 1, 7, 0]) encoding.writeVarUint(encoder, value)
        encoding.writeUint8(encoder, 8)
        encoding.writeVarUint(encoder, 1)
        encoding.writeVarString(encoder, 'a')
        encoding.writeVarUint(encoder, 1)
        for (let i = 0; i < depth; i++) encoding.writeUint8Array(encoder, Uint8Array.of(117, 1))
        encoding.writeUint8(encoder, 126)
        encoding.writeVarUint(encoder, 0)
      })
      expect(verdictOn(update)).toMatchObject({ action: 'reject' })
    }
  })
  it('an update in format V2', () => {
    const document = new Y.Doc()
    document.getText('t').insert(0, 'hello')
    expect(verdictOn(Y.encodeStateAsUpdateV2(document))).toMatchObject({ ok: false })
  })
})
