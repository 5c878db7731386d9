import { expect, test } from 'vitest'
import { Doc, mergeUpdates } from 'yjs'
import { marker, scanMarkers } from './marker.ts'

const found = (bytes: Uint8Array): [number, number][] => {
  const markers: [number, number][] = []
  scanMarkers(bytes, (source, sequence) => markers.push([source, sequence]))
  return markers
}

test('markers are found in single and in merged updates', () => {
  const document = new Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  for (let i = 0; i < 3; i++) document.getText('bench').insert(i * marker(12, 0).length, marker(12, i))
  expect(updates.map(found)).toEqual([[[12, 0]], [[12, 1]], [[12, 2]]])
  expect(found(mergeUpdates(updates))).toEqual([
    [12, 0],
    [12, 1],
    [12, 2],
  ])
})

test.each([
  ['', []],
  ['<w1#2>', [[1, 2]]],
  ['<w1#><w#2><w<w3#4>', [[3, 4]]],
  ['<<w3#4>>', [[3, 4]]],
  [
    '<w1#2><w10#200>',
    [
      [1, 2],
      [10, 200],
    ],
  ],
  ['<w1#2', []],
  ['<w1#2x>', []],
  ['<w-1#2>', []],
])('in %j it finds %j', (text, expected) => {
  expect(found(Buffer.from(text))).toEqual(expected)
})
