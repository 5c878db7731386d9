import { afterAll, beforeAll, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { randomSeed } from '../helpers/random.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { typeWhileKilling } from './typing.ts'

const seed = randomSeed()

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

it(`a whole history through HocuspocusProvider and five kills loses nothing (seed ${seed})`, async () => {
  await typeWhileKilling({
    server,
    seed,
    edits: 300_000,
    kills: 5,
    connect: (name) => connectHocuspocus(server, name),
    isSaved: (client) => client.isSaved,
  })
})
