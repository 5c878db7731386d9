import { afterAll, beforeAll, expect, it } from 'vitest'
import * as Y from 'yjs'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { editingHistory } from '../helpers/history.ts'
import { randomSeed } from '../helpers/random.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { typeWhileKilling } from './typing.ts'

const seed = randomSeed()
const edits = 20_000

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { COMPACT_AFTER_BYTES: '65536' } })
})
afterAll(() => server.close())

it(`20,000 edits through HocuspocusProvider and three kills lose nothing (seed ${seed})`, async () => {
  await typeWhileKilling({
    server,
    seed,
    edits,
    kills: 3,
    connect: (name) => connectHocuspocus(server, name),
    isSaved: (client) => client.isSaved,
  })
})

it(`20,000 edits through WebsocketProvider and three kills lose nothing (seed ${seed})`, async () => {
  // This wire has no acknowledgement: saved is what another client got and had acknowledged.
  await typeWhileKilling({
    server,
    seed: seed + 1,
    edits,
    kills: 3,
    connect: async (name) => {
      const writer = await connectYWebsocket(server, name)
      const witness = await connectHocuspocus(server, name)
      return {
        text: writer.text,
        witness,
        async [Symbol.asyncDispose]() {
          await writer[Symbol.asyncDispose]()
          await witness[Symbol.asyncDispose]()
        },
      }
    },
    isSaved: ({ text, witness }) => witness.isSaved && witness.text.length === text.length,
  })
})

it(`of the edits acknowledged before a kill, 0 are lost even when their author never returns (seed ${seed})`, async () => {
  const { patches } = editingHistory(seed, 2_000)
  for (let kill = 0; kill < 3; kill++) {
    const name = `author-gone-${seed}-${kill}`
    const acknowledged = new Y.Doc()
    {
      await using author = await connectHocuspocus(server, name)
      await expect.poll(() => author.isSaved).toBe(true)
      author.provider.on('unsyncedChanges', ({ number }: { number: number }) => {
        if (number === 0) Y.applyUpdate(acknowledged, Y.encodeStateAsUpdate(author.document))
      })
      for (const [position, deleted, inserted] of patches.slice(0, 500 + kill * 300)) {
        if (deleted > 0) author.text.delete(position, deleted)
        if (inserted !== '') author.text.insert(position, inserted)
        if (author.text.length % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await expect.poll(() => acknowledged.getText('text').length).toBeGreaterThan(0)
      author.text.insert(0, 'not acknowledged yet ')
      await server.kill('SIGKILL')
    }
    await server.start()
    await using reader = await connectHocuspocus(server, name)
    await expect.poll(() => reader.isSaved).toBe(true)
    const lost = Y.encodeStateAsUpdate(acknowledged, Y.encodeStateVector(reader.document))
    expect(Y.decodeUpdate(lost).structs).toEqual([])
  }
})
