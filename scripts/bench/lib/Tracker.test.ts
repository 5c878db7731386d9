import { expect, test } from 'vitest'
import { Client } from './Client.ts'
import { marker } from './marker.ts'
import { Writer } from './sources.ts'
import { Tracker } from './Tracker.ts'
import { yWebsocket } from './wire.ts'

const endpoint = { url: 'ws://127.0.0.1', wire: yWebsocket, token: '' }

const setUp = () => {
  const tracker = new Tracker()
  const [author, reader, other, stranger] = ['d', 'd', 'd', 'elsewhere'].map(
    (documentName) => new Client(endpoint, documentName),
  ) as [Client, Client, Client, Client]
  for (const client of [author, reader, other, stranger]) tracker.addReader(client)
  const writer = tracker.addSource(author, (id, client) => new Writer(id, client))
  const receive = (client: Client, ...sequences: number[]): void =>
    client.onFrame?.(Buffer.from(sequences.map((each) => marker(writer.id, each)).join('')), 'update')
  return { tracker, writer, author, reader, other, stranger, receive }
}

test('deliveries, echoes, repetitions and strays are told apart', () => {
  const { tracker, writer, author, reader, other, stranger, receive } = setUp()
  writer.edit()
  tracker.begin()
  writer.edit()
  receive(author, 1)
  receive(reader, 1)
  receive(reader, 1)
  receive(stranger, 1)
  receive(other, 7)
  expect(tracker).toMatchObject({ edits: 1, delivered: 1, missing: 1, echoed: 1, repeated: 1, strays: 2 })
  receive(other, 0, 1)
  expect(tracker).toMatchObject({ delivered: 2, missing: 0 })
  expect(tracker.latencies).toHaveLength(2)
})

test('a client lacks a source until it has its newest edit', () => {
  const { tracker, writer, reader, other, receive } = setUp()
  writer.edit()
  writer.edit()
  receive(reader, 0)
  expect(tracker.stale([reader])).toBe(1)
  receive(reader, 1)
  receive(other, 1)
  expect(tracker.stale()).toBe(0)
})

test('a client that is only followed is owed nothing', () => {
  const { tracker, writer, reader, other, receive } = setUp()
  const slow = new Client(endpoint, 'd')
  tracker.addReader(slow, false)
  tracker.begin()
  writer.edit()
  receive(slow, 0)
  expect(tracker.missing).toBe(2)
  receive(reader, 0)
  receive(other, 0)
  expect(tracker.missing).toBe(0)
})
