import * as encoding from 'lib0/encoding'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as Y from 'yjs'
import { connectHocuspocus, type HocuspocusClient } from '../helpers/clients.ts'
import { randomSeed, seededRandom } from '../helpers/random.ts'
import {
  authMessage,
  awarenessMessage,
  message,
  openRawSocket,
  updateMessage,
} from '../helpers/raw-socket.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

const name = 'attacked'
let server: TestServer
let [writer, reader]: HocuspocusClient[] = []
let token: string

beforeAll(async () => {
  server = await startServer()
  token = await testToken('attacker')
  writer = await connectHocuspocus(server, name, { user: 'writer' })
  reader = await connectHocuspocus(server, name, { user: 'reader' })
})
afterAll(async () => {
  await writer?.[Symbol.asyncDispose]()
  await reader?.[Symbol.asyncDispose]()
  await server.close()
})

const varUints = (encoder: encoding.Encoder, ...values: number[]): void => {
  for (const value of values) encoding.writeVarUint(encoder, value)
}

const inventedAuthors = (count: number): Uint8Array =>
  encoding.encode((encoder) => {
    varUints(encoder, count)
    for (let client = 1; client <= count; client++) {
      varUints(encoder, 1, client, 1_000_000)
      encoding.writeUint8(encoder, 0)
      varUints(encoder, 1)
    }
    varUints(encoder, 0)
  })

const nested = (depth: number): Uint8Array =>
  encoding.encode((encoder) => {
    varUints(encoder, 1, 1, 7, 0)
    encoding.writeUint8(encoder, 8)
    varUints(encoder, 1)
    encoding.writeVarString(encoder, 'text')
    varUints(encoder, 1)
    for (let i = 0; i < depth; i++) encoding.writeUint8Array(encoder, Uint8Array.of(117, 1))
    encoding.writeUint8(encoder, 126)
    varUints(encoder, 0)
  })

const endlessRun = encoding.encode((encoder) => {
  varUints(encoder, 1, 1, 7, 0)
  encoding.writeUint8(encoder, 0)
  varUints(encoder, 2 ** 50, 0)
})

const attacks: Record<string, [bytes: Uint8Array, code: number]> = {
  '90,000 invented authors': [updateMessage(name, inventedAuthors(90_000)), 4400],
  '7,000 invented authors in 48 kB': [updateMessage(name, inventedAuthors(7_000)), 4400],
  'values nested 100,000 levels deep': [updateMessage(name, nested(100_000)), 4400],
  'a run of 2^50 characters in 14 bytes': [updateMessage(name, endlessRun), 4400],
  'noise for an update': [
    updateMessage(name, Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255)),
    4400,
  ],
  'an update of 2 MB': [updateMessage(name, new Uint8Array(2 << 20)), 4400],
  'a message of 20 MB': [new Uint8Array(20 << 20), 1009],
  'noise for a message': [Uint8Array.of(255, 255, 255, 255, 255, 255, 255), 4400],
  'an empty message': [new Uint8Array(0), 4400],
  'noise for awareness': [awarenessMessage(name, Uint8Array.of(9, 9, 9)), 4400],
  'awareness nested too deep to parse': [
    awarenessMessage(
      name,
      encoding.encode((encoder) => {
        varUints(encoder, 1, 5, 1)
        encoding.writeVarString(encoder, '['.repeat(10_000))
      }),
    ),
    4400,
  ],
  'a huge awareness state': [
    awarenessMessage(
      name,
      encoding.encode((encoder) => {
        varUints(encoder, 1, 5, 1)
        encoding.writeVarString(encoder, JSON.stringify({ x: 'x'.repeat(100_000) }))
      }),
    ),
    4400,
  ],
  'a broadcast that only servers send': [message(name, (encoder) => varUints(encoder, 6, 0)), 4400],
  'an unknown message type': [message(name, (encoder) => varUints(encoder, 99)), 4400],
}

/** An edit of a bystander reaches the other one: how long it took, ms. */
const bystandersWork = async (): Promise<number> => {
  await expect.poll(() => writer!.provider.isSynced && reader!.provider.isSynced).toBe(true)
  const startedAt = performance.now()
  const length = writer!.text.length
  writer!.text.insert(length, '.')
  await expect.poll(() => reader!.text.length, { interval: 2 }).toBe(length + 1)
  return performance.now() - startedAt
}

for (const [title, [bytes, code]] of Object.entries(attacks)) {
  it(`${title}: a coded close, and nobody else notices`, async () => {
    const { socket, closed } = await openRawSocket(server, '/collab')
    socket.on('error', () => undefined)
    socket.send(authMessage(name, token))
    socket.send(bytes)
    const [{ code: actual }, latencyMs] = await Promise.all([closed, bystandersWork()])
    // A client that is still sending may see its connection reset before it sees why.
    expect(code === 1009 ? [1009, 1006] : [code]).toContain(actual)
    expect(latencyMs).toBeLessThan(250)
    expect(writer!.closeCodes.concat(reader!.closeCodes)).toEqual([])
  })
}

/** Characters that were all typed at the beginning, in 20 updates. */
const manyBeginnings = (count: number): Uint8Array[] => {
  const author = new Y.Doc()
  const updates: Uint8Array[] = []
  author.on('update', (update: Uint8Array) => updates.push(update))
  for (let i = 0; i < 20; i++) {
    author.transact(() => {
      for (let k = 0; k < count / 20; k++) author.getText('text').insert(0, 'x')
    })
  }
  return updates
}

/** A character without neighbours: Yjs compares it with every other one that has no left neighbour. */
const lonelyCharacter = (clock: number): Uint8Array =>
  encoding.encode((encoder) => {
    varUints(encoder, 1, 1, 4_000_000_000, clock)
    encoding.writeUint8(encoder, 4)
    varUints(encoder, 1)
    encoding.writeVarString(encoder, 'text')
    encoding.writeVarString(encoder, '!')
    varUints(encoder, 0)
  })

it('many small messages that each take a walk over a long list: others notice nothing, all are applied', async () => {
  const long = 'long'
  const count = 60
  {
    await using author = await connectHocuspocus(server, long)
    await expect.poll(() => author.isSaved).toBe(true)
    for (const update of manyBeginnings(60_000)) Y.applyUpdate(author.document, update)
    await expect.poll(() => author.isSaved).toBe(true)
  }
  // No reader of the long document in this process: it would have to take the same walks.
  const { socket } = await openRawSocket(server, '/collab')
  const acknowledged: Buffer[] = []
  socket.on('message', (data: Buffer) => {
    if (data[long.length + 1] === 8) acknowledged.push(data)
  })
  socket.send(authMessage(long, token))
  socket.send(updateMessage(long, lonelyCharacter(0)))
  // The document has been loaded; to build it takes a while by itself.
  await expect.poll(() => acknowledged.length).toBe(1)
  for (let i = 1; i < count; i++) socket.send(updateMessage(long, lonelyCharacter(i)))
  let latencyMs = 0
  while (acknowledged.length < count) latencyMs = Math.max(latencyMs, await bystandersWork())
  socket.terminate()
  expect(latencyMs).toBeLessThan(250)
  await using reader = await connectHocuspocus(server, long)
  await expect.poll(() => reader.text.toJSON().split('!').length - 1).toBe(count)
})

const seed = randomSeed()
it(`mutations of real updates, sent over sockets, change no two replicas differently (seed ${seed})`, async () => {
  const random = seededRandom(seed)
  const updates: Uint8Array[] = []
  const author = new Y.Doc()
  author.on('update', (update: Uint8Array) => updates.push(update))
  for (let i = 0; i < 300; i++) author.getText('text').insert(Math.floor(random() * i), 'x')
  let rejected = 0
  for (let i = 0; i < 400; i++) {
    const update = Uint8Array.from(updates[Math.floor(random() * updates.length)]!)
    for (let k = 0; k < 2; k++) update[Math.floor(random() * update.length)] = Math.floor(random() * 256)
    const { socket, closed } = await openRawSocket(server, '/collab')
    socket.send(authMessage(name, token))
    socket.send(updateMessage(name, update))
    // The answer to this shows that the update before it has been handled.
    socket.send(message(name, (encoder) => varUints(encoder, 0, 0, 1, 0)))
    const answered = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (data[name.length + 1] === 0) resolve()
      })
    })
    const end = await Promise.race([closed, answered])
    if (end) rejected += 1
    socket.terminate()
  }
  expect(rejected).toBeGreaterThan(0)
  await bystandersWork()
  await using fresh = await connectHocuspocus(server, name)
  await expect.poll(() => fresh.isSaved).toBe(true)
  const content = ({ document }: HocuspocusClient): unknown => [
    document.getText('text').toDelta(),
    Y.encodeStateVector(document),
  ]
  await expect.poll(() => content(writer!)).toEqual(content(fresh))
  expect(content(reader!)).toEqual(content(fresh))
  // The next process reads the same from its disk.
  await server.restart('SIGKILL')
  await using later = await connectHocuspocus(server, name)
  await expect.poll(() => later.isSaved).toBe(true)
  expect(content(later)).toEqual(content(fresh))
})
