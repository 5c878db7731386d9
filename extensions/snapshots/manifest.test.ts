import { describe, expect, it } from 'vitest'
import { decodeManifest, encodeManifest, type Manifest } from './manifest.ts'
import { decodeSnapshot, encodeSnapshot } from './snapshot-format.ts'

const manifest: Manifest = {
  format: 1,
  documentName: 'notes',
  epoch: 0,
  positions: { 'journal-1': 42 },
  snapshot: { key: 'documents/notes/snapshots/x', sha256: '0'.repeat(64), bytes: 100 },
  updatedAt: '2026-01-02T03:04:05.678Z',
}
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

describe('a manifest', () => {
  it('is read as it was written', () => {
    expect(decodeManifest(encodeManifest(manifest), 'notes')).toEqual(manifest)
    const erased = { ...manifest, epoch: 1, snapshot: null }
    expect(decodeManifest(encodeManifest(erased), 'notes')).toEqual(erased)
  })

  it('is refused, with a reason, when a part is wrong', () => {
    const refused: [unknown, RegExp][] = [
      [{ ...manifest, format: 2 }, /format/],
      [{ ...manifest, epoch: -1 }, /epoch/],
      [{ ...manifest, positions: { 'journal-1': 1.5 } }, /positions/],
      [{ ...manifest, snapshot: undefined }, /snapshot/],
      [{ ...manifest, snapshot: { ...manifest.snapshot, sha256: 'short' } }, /sha256/],
      [{ ...manifest, surplus: true }, /surplus/],
      [{ ...manifest, documentName: 'other' }, /"other"/],
    ]
    for (const [value, reason] of refused)
      expect(() => decodeManifest(json(value), 'notes'), JSON.stringify(value)).toThrow(reason)
  })

  it('is refused when it was cut or is no JSON at all', () => {
    const whole = encodeManifest(manifest)
    for (const body of [new Uint8Array(0), whole.subarray(0, -3), Uint8Array.of(0xff, 0xfe)])
      expect(() => decodeManifest(body, 'notes')).toThrow('not JSON')
  })
})

describe('a snapshot object', () => {
  const state = new Uint8Array(10_000).fill(7)

  it('is compressed and gives back the state', async () => {
    const body = await encodeSnapshot(state)
    expect(Buffer.from(body.subarray(0, 4)).toString()).toBe('CDS1')
    expect(body.length).toBeLessThan(200)
    expect(Buffer.compare(await decodeSnapshot(body), state)).toBe(0)
  })

  it('is refused when it is of an unknown format, or cut', async () => {
    const body = Buffer.from(await encodeSnapshot(state))
    await expect(decodeSnapshot(state)).rejects.toThrow('known format')
    await expect(decodeSnapshot(body.subarray(0, 3))).rejects.toThrow('known format')
    await expect(decodeSnapshot(body.subarray(0, -1))).rejects.toThrow()
    body[4] = 2
    await expect(decodeSnapshot(body)).rejects.toThrow('known format')
  })
})
