import * as encoding from 'lib0/encoding'
import { expect, it } from 'vitest'
import { decodeRecord, encodeRecord } from './record.ts'

const updates = [Uint8Array.of(1, 2, 3), Uint8Array.of(4), Uint8Array.of(), Uint8Array.of(5, 6)]

it('gives back time, updates and who made each', () => {
  const origins = [{ userId: 'ann' }, { userId: 'böb', opId: 'op-1' }, {}, { userId: 'ann', opId: 'op-2' }]
  expect(decodeRecord(encodeRecord({ time: 1_790_000_000_123, updates, origins }))).toEqual({
    time: 1_790_000_000_123,
    updates,
    origins,
  })
})

it('gives back the traces of the edits that have one', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const origins = [{ userId: 'ann', traceparent }, { traceparent, opId: 'op-1' }, {}, { userId: 'ann' }]
  expect(decodeRecord(encodeRecord({ time: 1, updates, origins }))).toEqual({ time: 1, updates, origins })
})

it('needs no newer reader where nothing is traced', () => {
  const origins = [{ userId: 'ann', opId: 'o' }, { userId: 'ann' }]
  expect([...encodeRecord({ time: 1, updates: updates.slice(0, 2), origins })]).toEqual(
    [0, 1, 1].concat([3, 3, ...Buffer.from('ann'), 1, ...Buffer.from('o'), 3, 1, 2, 3], [2, 1, 4]),
  )
})

it('names a user once, whatever the number of updates', () => {
  const userId = 'a user with a long identifier'
  const edits = Array.from({ length: 100 }, () => Uint8Array.of(0, 0))
  const body = encodeRecord({ time: 1, updates: edits, origins: edits.map(() => ({ userId })) })
  expect(body.length).toBeLessThan(100 * 4 + userId.length + 10)
})

it('reads records without metadata', () => {
  const body = encoding.encode((encoder) => {
    for (const update of [updates[0]!, updates[1]!]) encoding.writeVarUint8Array(encoder, update)
  })
  expect(decodeRecord(body)).toEqual({ updates: [updates[0], updates[1]], origins: [{}, {}] })
})

it('refuses a layout that it does not know', () => {
  expect(() => decodeRecord(Uint8Array.of(0, 9, 0))).toThrow('layout 9')
})
