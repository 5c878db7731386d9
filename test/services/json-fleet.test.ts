import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { startFleet, type Fleet } from '../helpers/fleet.ts'
import { connectJson, openRawJson, type RawJson } from '../helpers/json-client.ts'
import { QuietWebSocket } from '../helpers/quiet-socket.ts'
import { randomSeed, seededRandom } from '../helpers/random.ts'
import type { TestServer } from '../helpers/server.ts'
import { serviceVariable } from '../helpers/services.ts'
import { testToken } from '../helpers/tokens.ts'

let fleet: Fleet
let a: TestServer
let b: TestServer
beforeAll(async () => {
  const redisUrl = serviceVariable('CODRAFT_TEST_REDIS_URL')
  fleet = await startFleet({ redisUrls: [redisUrl, redisUrl] })
  ;[a, b] = fleet.instances as [TestServer, TestServer]
})
afterAll(() => fleet?.close())

const join = async (client: RawJson, documentId: string, more: object = {}) => {
  const authToken = await testToken('ada')
  client.send({ type: 'join_document', documentId, authToken, field: 'text', kind: 'text', ...more })
  return client.next('joined')
}

describe('JSON clients of two instances', () => {
  it('an edit that one instance has applied is not applied again by the other, which had the document open', async () => {
    const name = 'retried'
    await using yjs = await connectHocuspocus(b, name)
    await expect.poll(() => yjs.isSaved).toBe(true)
    {
      await using client = await openRawJson(a)
      await join(client, name)
      client.send({ type: 'edit', id: 'once', version: 0, ops: [{ insert: 'x' }] })
      await client.next('ack')
    }
    // As if the acknowledgement had been lost with the instance.
    await using client = await openRawJson(b)
    expect(await join(client, name, { pending: ['once'] })).toMatchObject({ applied: ['once'] })
    client.send({ type: 'edit', id: 'once', ops: [{ insert: 'x' }] })
    await client.next('ack')
    expect(yjs.text.toJSON()).toBe('x')
  })

  const seed = randomSeed()
  it(`go on at the other one when theirs is killed, each edit applied once (seed ${seed})`, async () => {
    const random = seededRandom(seed)
    const name = 'moved'
    let address = a.socketUrl
    class Balanced extends QuietWebSocket {
      constructor() {
        super(`${address}/ws`)
      }
    }
    const authors = await Promise.all(
      ['ada', 'sam', 'ada'].map((user) => connectJson(a, name, { user, WebSocket: Balanced })),
    )
    await using yjs = await connectHocuspocus(b, name, { user: 'yjs' })
    for (const author of authors) await author.whenOnline()
    await expect.poll(() => yjs.isSaved).toBe(true)
    let written = 0
    const write = async (rounds: number): Promise<void> => {
      for (let i = 0; i < rounds; i++) {
        const author = authors[Math.floor(random() * authors.length)]
        author?.insert(Math.floor(random() * (author.text.length + 1)), `<${(written += 1)}>`)
        if (random() < 0.3) yjs.text.insert(Math.floor(random() * (yjs.text.length + 1)), '.')
        await new Promise((resolve) => setTimeout(resolve, random() * 4))
      }
    }
    await write(150)
    const killed = a.kill('SIGKILL')
    address = b.socketUrl
    await write(150)
    await killed
    for (const author of authors) await author.whenSaved()
    await expect.poll(() => yjs.isSaved).toBe(true)
    for (const author of authors) {
      await expect.poll(() => author.text === yjs.text.toJSON()).toBe(true)
      author.close()
    }
    await a.start()
    await using reader = await connectHocuspocus(a, name, { user: 'reader' })
    await expect.poll(() => reader.isSaved).toBe(true)
    const text = reader.text.toJSON()
    expect(text).toBe(yjs.text.toJSON())
    // Edits of others may be typed into a marker, so the brackets are counted.
    for (const bracket of '<>') expect(text.split(bracket)).toHaveLength(written + 1)
  })
})
