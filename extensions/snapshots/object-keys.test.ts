import { describe, expect, it } from 'vitest'
import { randomSeed, seededRandom } from '../../test/helpers/random.ts'
import {
  assertObjectKey,
  encodeDocumentName,
  manifestKey,
  parseSnapshotKey,
  snapshotKey,
  snapshotKeyPrefix,
} from './object-keys.ts'

const sha256 = 'a'.repeat(64)

describe('the key segment of a document name', () => {
  it('stays readable', () => {
    expect(encodeDocumentName('team-1_notes')).toBe('team-1_notes')
    expect(encodeDocumentName('Team/Größe.v2')).toBe('%54eam%2f%47r%c3%b6%c3%9fe%2ev2')
  })

  it('keeps apart what file systems confuse', () => {
    const groups = [
      ['a', 'A'],
      ['é', 'e\u0301'],
      ['.', '%2e', '..', '...'],
      ['a/b', 'a%2fb', 'a\\b', 'a:b', 'a b', 'a+b', 'a%20b'],
      ['x'.repeat(180), 'x'.repeat(181), 'x'.repeat(182), `${'x'.repeat(100)}~${sha256}`],
      ['K', '\u212a', 'k'],
    ]
    for (const names of groups) {
      const segments = names.map((name) => encodeDocumentName(name).toLowerCase().normalize('NFC'))
      expect(new Set(segments).size, JSON.stringify(names)).toBe(names.length)
    }
  })

  it('is a valid key segment of bounded length, another one for each name, for random Unicode', () => {
    const seed = randomSeed()
    const random = seededRandom(seed)
    const ranges = [0x7f, 0xff, 0x7ff, 0xffff, 0x10ffff]
    const randomName = (): string => {
      const top = ranges[Math.floor(random() * ranges.length)]!
      const length = 1 + Math.floor(random() * 255)
      let name = ''
      while (name.length < length) name += String.fromCodePoint(Math.floor(random() * top))
      return name.toWellFormed().slice(0, 255).toWellFormed()
    }
    const owners = new Map<string, string>()
    for (let i = 0; i < 2_000; i++) {
      const name = randomName()
      // A near relative of each name: what differs in one character must not meet it either.
      for (const candidate of [name, name.toUpperCase(), name.slice(0, -1).toWellFormed() || 'x']) {
        const segment = encodeDocumentName(candidate)
        const details = `seed ${seed}: ${JSON.stringify(candidate)}`
        expect(segment.length, details).toBeLessThanOrEqual(180)
        expect(() => assertObjectKey(`documents/${segment}/manifest.json`), details).not.toThrow()
        expect(segment, details).toBe(segment.toLowerCase())
        expect(owners.get(segment) ?? candidate, details).toBe(candidate)
        owners.set(segment, candidate)
      }
    }
  })

  it('is refused for names that have no UTF-8 form', () => {
    for (const name of ['', '\ud800', 'a\udc00b'])
      expect(() => encodeDocumentName(name)).toThrow('CODRAFT_DOCUMENT_NAME_INVALID')
  })
})

describe('the keys of a document', () => {
  it('lie in one folder', () => {
    expect(manifestKey('a/b')).toBe('documents/a%2fb/manifest.json')
    expect(snapshotKeyPrefix('a/b')).toBe('documents/a%2fb/snapshots/')
  })

  it('say what a snapshot object is', () => {
    const parts = { epoch: 3, writtenAt: 1_790_000_000_000, sha256 }
    const key = snapshotKey('a/b', parts)
    expect(key).toBe(`documents/a%2fb/snapshots/3-1790000000000-${sha256}`)
    expect(parseSnapshotKey(key)).toEqual(parts)
    expect(parseSnapshotKey('documents/a%2fb/snapshots/notes.txt')).toBeUndefined()
  })

  it('fit into a key for the longest name', () => {
    const parts = { epoch: Number.MAX_SAFE_INTEGER, writtenAt: Number.MAX_SAFE_INTEGER, sha256 }
    expect(() => assertObjectKey(snapshotKey('\u{1f600}'.repeat(127), parts))).not.toThrow()
  })
})
