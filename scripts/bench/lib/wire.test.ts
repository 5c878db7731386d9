import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { describe, expect, test } from 'vitest'
import { Awareness, applyAwarenessUpdate } from 'y-protocols/awareness'
import { Doc } from 'yjs'
import { hocuspocus, yWebsocket } from './wire.ts'

const documentName = 'größe/1'
const update = Uint8Array.of(1, 2, 3)

const hocuspocusFrame = (...numbers: number[]): Uint8Array => {
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, documentName)
  for (const number of numbers) encoding.writeVarUint(encoder, number)
  return encoding.toUint8Array(encoder)
}

describe.each([
  ['yWebsocket', yWebsocket, 0],
  ['hocuspocus', hocuspocus, hocuspocusFrame().length],
])('%s', (_, wire, prefixBytes) => {
  test('classifies the frames that it builds', () => {
    const frames = [
      wire.step1(documentName),
      wire.step2(documentName),
      wire.update(documentName, update),
      wire.keepAlive(documentName),
    ]
    expect(frames.map((frame) => wire.kindOf(frame))).toEqual(['step1', 'step2', 'update', 'awareness'])
  })

  test('gives the payload of a state and of an update', () => {
    expect(wire.payloadOf(wire.update(documentName, update))).toEqual(update)
    expect(wire.payloadOf(wire.step2(documentName))).toEqual(Uint8Array.of(0, 0))
  })

  test('builds awareness states that Yjs understands', () => {
    const state = { user: { name: 'Ada' } }
    const frame = wire.awareness(documentName, { clientId: 7, clock: 1, json: JSON.stringify(state) })
    const decoder = decoding.createDecoder(frame.subarray(prefixBytes))
    expect(decoding.readVarUint(decoder)).toBe(1)
    const awareness = new Awareness(new Doc())
    applyAwarenessUpdate(awareness, decoding.readVarUint8Array(decoder), undefined)
    expect(awareness.getStates().get(7)).toEqual(state)
    awareness.destroy()
  })
})

test('Hocuspocus frames of the server are told apart', () => {
  const kinds = {
    ack: hocuspocusFrame(8, 1),
    nack: hocuspocusFrame(8, 0),
    denied: hocuspocusFrame(2, 1),
    authenticated: hocuspocusFrame(2, 2),
    step2: hocuspocusFrame(4, 1),
    other: hocuspocusFrame(7),
  }
  for (const [kind, frame] of Object.entries(kinds)) expect(hocuspocus.kindOf(frame)).toBe(kind)
})

test('y-websocket names the document in the URL', () => {
  expect(yWebsocket.url('ws://host', documentName)).toBe('ws://host/gr%C3%B6%C3%9Fe%2F1')
})
