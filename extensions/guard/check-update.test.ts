import * as encoding from 'lib0/encoding'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { checkUpdate } from './check-update.ts'
import { defaultGuardLimits, defaultSyncLimits } from './limits.ts'

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

/** Encodes a struct: numbers are variable-length unsigned integers, arrays raw bytes, and text has its length before it. */
type Part = number | string | readonly number[]
const write = (encoder: encoding.Encoder, parts: readonly Part[]): void => {
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else if (typeof part === 'string') encoding.writeVarString(encoder, part)
    else encoding.writeUint8Array(encoder, Uint8Array.from(part))
  }
}

/** An update of client 7 with these structs, from its clock 0 on, and no deletions. */
const structsOf = (...structs: (readonly Part[])[]): Uint8Array =>
  bytes((encoder) => {
    write(encoder, [1, structs.length, 7, 0])
    for (const struct of structs) write(encoder, struct)
    write(encoder, [0])
  })

const rejected = (reason: string) => ({ ok: false, action: 'reject', reason })

const originFlag = 0x80
const kind = { deleted: 1, json: 2, string: 4, embed: 5, format: 6, type: 7, any: 8, document: 9 } as const
/** The first child of the root type `t`. */
const inRoot = (content: number): readonly Part[] => [[content], 1, 't']
const anyNull = [126]

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

  it('authors who refer to each other within one update', () => {
    const [a, b] = [new Y.Doc(), new Y.Doc()]
    for (const [clientID, doc] of [a, b].entries()) doc.clientID = clientID + 1
    const words = new Y.XmlText()
    a.getXmlFragment('f').insert(0, [words])
    words.insert(0, 'one ')
    Y.applyUpdate(b, Y.encodeStateAsUpdate(a))
    ;(b.getXmlFragment('f').get(0) as Y.XmlText).insert(4, 'two ')
    Y.applyUpdate(a, Y.encodeStateAsUpdate(b))
    words.insert(8, 'three')
    expect(checkUpdate(new Y.Doc(), Y.encodeStateAsUpdate(a), defaultGuardLimits)).toEqual({ ok: true })
  })

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
  it('a gap that only later updates fill, as a merge writes it', () => {
    const [first, , third] = updatesOf((doc) => [0, 1, 2].forEach((i) => doc.getText('t').insert(i, 'x')))
    expect(verdictOn(Y.mergeUpdates([first!, third!]))).toMatchObject({ action: 'resync' })
  })
  it('a gap that the document has filled already is none', () => {
    const document = new Y.Doc()
    const three = updatesOf((doc) => [0, 1, 2].forEach((i) => doc.getText('t').insert(i, 'x')))
    for (const update of three.slice(0, 2)) Y.applyUpdate(document, update)
    expect(verdictOn(Y.mergeUpdates([three[0]!, three[2]!]), document)).toEqual({ ok: true })
  })
  it('a run whose first half the document has removed', () => {
    const document = new Y.Doc()
    Y.applyUpdate(document, structsOf([[0], 3]))
    const run = structsOf([...inRoot(kind.string), 'abcdef'])
    expect(verdictOn(run, document)).toMatchObject({ ok: false, action: 'resync' })
    expect(verdictOn(structsOf([[0], 6]), document)).toEqual({ ok: true })
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
    for (const depth of [101, 1_000, 100_000]) {
      const arrays = Array.from({ length: depth }, () => [117, 1]).flat()
      const json = '['.repeat(depth) + ']'.repeat(depth)
      for (const update of [
        structsOf([...inRoot(kind.any), 1, arrays, anyNull]),
        structsOf([...inRoot(kind.embed), json]),
        structsOf([...inRoot(kind.format), 'bold', json]),
        structsOf([...inRoot(kind.json), 1, json]),
      ]) {
        expect(verdictOn(update)).toEqual(rejected('nested too deep'))
      }
    }
  })
  it('an update in format V2', () => {
    const document = new Y.Doc()
    document.getText('t').insert(0, 'hello')
    expect(verdictOn(Y.encodeStateAsUpdateV2(document))).toMatchObject({ ok: false })
  })

  describe('types nested so deep that Yjs cannot delete them', () => {
    const array = (parent: readonly Part[]): readonly Part[] => [[kind.type], ...parent, 0]
    const chain = (length: number): (readonly Part[])[] =>
      Array.from({ length }, (_, clock) => array(clock === 0 ? [1, 't'] : [0, 7, clock - 1]))

    it('in one update', () => {
      expect(verdictOn(structsOf(...chain(100)))).toEqual({ ok: true })
      expect(verdictOn(structsOf(...chain(101)))).toEqual(rejected('nested too deep'))
      expect(verdictOn(structsOf(...chain(20_000)))).toEqual(rejected('nested too deep'))
    })
    it('with text between the levels, which hides the parent', () => {
      const structs = Array.from({ length: 300 }, (_, i): readonly Part[] => {
        if (i === 0) return [...inRoot(kind.string), 'a']
        return i % 2 ? [[originFlag | kind.type], 7, i - 1, 0] : [[kind.string], 0, 7, i - 1, 'a']
      })
      expect(verdictOn(structsOf(...structs))).toEqual(rejected('nested too deep'))
    })
    it('one level with each update', () => {
      const document = new Y.Doc()
      Y.applyUpdate(document, structsOf(...chain(100)))
      const deeper = bytes((encoder) => write(encoder, [1, 1, 8, 0, ...array([0, 7, 99]), 0]))
      const beside = bytes((encoder) => write(encoder, [1, 1, 8, 0, [originFlag | kind.type], 7, 99, 0, 0]))
      expect(verdictOn(deeper, document)).toEqual(rejected('nested too deep'))
      expect(verdictOn(beside, document)).toEqual({ ok: true })
    })
  })

  it('structs that refer to themselves, to later ones, or in a circle', () => {
    const toItself = structsOf([[originFlag | kind.string], 7, 0, 'a'])
    const toLater = structsOf([[originFlag | kind.string], 7, 1, 'a'], [...inRoot(kind.string), 'b'])
    const parentItself = structsOf([[kind.type], 0, 7, 0, 2])
    const circle = bytes((encoder) =>
      write(encoder, [
        2,
        1,
        7,
        0,
        [originFlag | kind.string],
        8,
        0,
        'a',
        1,
        8,
        0,
        [originFlag | kind.string],
        7,
        0,
        'b',
        0,
      ]),
    )
    for (const update of [toItself, toLater, parentItself, circle])
      expect(verdictOn(update)).toEqual(rejected('refers to itself'))
  })
  it('the rest of a struct whose known part is in another list', () => {
    const author = new Y.Doc()
    author.clientID = 7
    author.getText('text').insert(0, 'a')
    author.getMap('map').set('key', 'value')
    // Clock 1 is the value; three characters from clock 1 on would go on after it.
    const update = bytes((encoder) =>
      write(encoder, [1, 1, 7, 1, [originFlag | kind.string], 7, 0, 'xyz', 0]),
    )
    expect(verdictOn(update, author)).toEqual(rejected('has neighbours of different parents'))
  })
  it('neighbours of different parents, known to the document or not', () => {
    const both = 0xc0
    const text = (root: string): readonly Part[] => [[kind.string], 1, root, 'a']
    const between: readonly Part[] = [[both | kind.string], 7, 0, 7, 1, 'b']
    const verdict = rejected('has neighbours of different parents')
    expect(verdictOn(structsOf(text('t'), text('other'), between))).toEqual(verdict)
    const document = new Y.Doc()
    Y.applyUpdate(document, structsOf(text('t'), text('other')))
    expect(
      verdictOn(
        bytes((encoder) => write(encoder, [1, 1, 8, 0, ...between, 0])),
        document,
      ),
    ).toEqual(verdict)
    const halfKnown = bytes((encoder) =>
      write(encoder, [1, 2, 8, 0, ...text('t'), [both | kind.string], 8, 0, 7, 1, 'b', 0]),
    )
    expect(verdictOn(halfKnown, document)).toEqual(verdict)
  })
  it('a client twice, in the structs or in the deletions', () => {
    const structs = bytes((encoder) =>
      write(encoder, [
        2,
        1,
        7,
        0,
        ...inRoot(kind.string),
        'a',
        1,
        7,
        1,
        [originFlag | kind.string],
        7,
        0,
        'b',
        0,
      ]),
    )
    const deletions = bytes((encoder) => write(encoder, [0, 2, 7, 1, 0, 1, 7, 1, 0, 1]))
    expect(verdictOn(structs)).toEqual(rejected('names a client twice'))
    expect(verdictOn(deletions)).toEqual(rejected('names a client twice'))
  })
  it('100,000 deletions from the last to the first, which take Yjs half a minute', () => {
    const document = new Y.Doc()
    document.clientID = 7
    document.getText('t').insert(0, 'x'.repeat(200_000))
    const deletions = (clocks: number[]): Uint8Array =>
      bytes((encoder) => write(encoder, [0, 1, 7, clocks.length, ...clocks.flatMap((clock) => [clock, 1])]))
    const clocks = Array.from({ length: 100_000 }, (_, i) => 2 * i)
    expect(verdictOn(deletions(clocks), document)).toEqual({ ok: true })
    expect(verdictOn(deletions(clocks.toReversed()), document)).toEqual(rejected('deletions out of order'))
  })
  it('thousands of root types, for which Yjs searches at every struct that it writes', () => {
    const roots = (count: number) =>
      structsOf(
        ...Array.from({ length: count }, (_, i): readonly Part[] => [[kind.string], 1, `root${i}`, 'a']),
      )
    expect(verdictOn(roots(2_000))).toEqual({ ok: true })
    expect(verdictOn(roots(2_001))).toEqual(rejected('too many root types'))
    const document = new Y.Doc()
    for (let i = 0; i < 2_000; i++) document.getText(`another${i}`)
    expect(verdictOn(roots(1), document)).toEqual(rejected('too many root types'))
  })
  it('runs without a length', () => {
    for (const struct of [
      [[0], 0],
      [...inRoot(kind.deleted), 0],
      [...inRoot(kind.string), ''],
      [...inRoot(kind.any), 0],
      [...inRoot(kind.json), 0],
    ] as const)
      expect(verdictOn(structsOf(struct))).toEqual(rejected('absurd length'))
    expect(verdictOn(bytes((encoder) => write(encoder, [0, 1, 7, 1, 0, 0])))).toEqual(
      rejected('absurd length'),
    )
  })
  it('text that reaches beyond the update into the memory around it', () => {
    const around = new Uint8Array(1_000).fill(115)
    const update = structsOf([...inRoot(kind.string), 500]).subarray(0, -1)
    around.set(update)
    expect(verdictOn(around.subarray(0, update.length))).toEqual(rejected('ends too early'))
  })
  it('numbers beyond 2^53, padded or cut off', () => {
    const max = [255, 255, 255, 255, 255, 255, 255, 127]
    const padded = Array.from({ length: 200 }, () => 128).concat(0)
    const range = rejected('number out of range')
    expect(verdictOn(Uint8Array.from([0, 1, ...max, 1, 0, 1]))).toEqual(range)
    expect(verdictOn(Uint8Array.from([0, 1, ...padded, 1, 0, 1]))).toEqual(range)
    expect(verdictOn(structsOf([...inRoot(kind.any), 1, [125], padded]))).toEqual(range)
    expect(verdictOn(Uint8Array.of(128))).toEqual(rejected('ends too early'))
  })
  it('values and kinds that do not exist', () => {
    for (const [struct, reason] of [
      [[[kind.string], 2, 'a'], 'unknown kind of parent'],
      [inRoot(11), 'unknown kind of content'],
      [[...inRoot(kind.type), 7], 'unknown type'],
      [[...inRoot(kind.any), 1, [1]], 'unknown kind of value'],
      [[...inRoot(kind.document), 'guid', anyNull], 'options are not an object'],
      [[...inRoot(kind.embed), '{'], 'value is not JSON'],
      [[...inRoot(kind.embed), '\uFEFF{}'], 'value is not JSON'],
      [[...inRoot(kind.string), 1, [0xc3]], 'text is not UTF-8'],
      [[...inRoot(kind.format), 2, [0xc3, 0x28], '1'], 'text is not UTF-8'],
    ] as const)
      expect(verdictOn(structsOf(struct))).toEqual(rejected(reason))
  })
  it('bytes behind the update', () => {
    expect(verdictOn(Uint8Array.of(0, 0, 0))).toEqual(rejected('has trailing bytes'))
  })
  it('gaps in the clocks of thousands of clients', () => {
    const update = bytes((encoder) => {
      write(encoder, [5_000])
      for (let client = 1; client <= 5_000; client++) write(encoder, [1, client, 1_000, [0], 1])
      write(encoder, [0])
    })
    expect(verdictOn(update, new Y.Doc(), defaultSyncLimits)).toEqual(rejected('too many gaps'))
  })
})

describe('keys named __proto__ change no prototype', () => {
  it.each([
    ['in a value', [...inRoot(kind.any), 1, [118], 1, '__proto__', [118], 1, 'polluted', [120]]],
    ['in JSON', [...inRoot(kind.embed), '{"__proto__":{"polluted":true}}']],
    ['as a format', [...inRoot(kind.format), '__proto__', '{"polluted":true}']],
    ['as a root type', [[kind.any], 1, '__proto__', 1, anyNull]],
    [
      'as options of a subdocument',
      [...inRoot(kind.document), 'g', [118], 1, '__proto__', [118], 1, 'polluted', [120]],
    ],
  ] as const)('%s', (_, struct) => {
    const document = new Y.Doc()
    const update = structsOf(struct)
    expect(verdictOn(update, document)).toEqual({ ok: true })
    Y.applyUpdate(document, update)
    document.getText('t').toDelta()
    expect({}).not.toHaveProperty('polluted')
  })
})
