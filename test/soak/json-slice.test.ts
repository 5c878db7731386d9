import { afterAll, beforeAll, expect, it } from 'vitest'
import { transformPosition, type Op } from '../../src/client/index.ts'
import { connectHocuspocus } from '../helpers/clients.ts'
import { editingHistory, replay, type Patch } from '../helpers/history.ts'
import { connectJson } from '../helpers/json-client.ts'
import { randomSeed } from '../helpers/random.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

const seed = randomSeed()
const edits = 20_000
/** Edits of the JSON client until it waits for their acknowledgement: the first goes out at once, the others as one. */
const burst = 8

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { COMPACT_AFTER_BYTES: '65536', JOURNAL_GATHER_MS: '2' } })
})
afterAll(() => server.close())

const opsOf = ([position, deleted, inserted]: Patch, offset: number): Op[] => [
  { retain: offset + position },
  ...(inserted === '' ? [] : [{ insert: inserted }]),
  ...(deleted === 0 ? [] : [{ delete: deleted }]),
]

it(`20,000 edits over the JSON protocol, beside a Yjs client and through two kills (seed ${seed})`, async () => {
  const name = `json-history-${seed}`
  const { source, patches } = editingHistory(seed, edits)
  const others = editingHistory(seed + 1, edits / 2).patches
  await using json = await connectJson(server, name, { user: 'ada' })
  await using yjs = await connectHocuspocus(server, name, { user: 'sam' })
  await json.whenOnline()
  await expect.poll(() => yjs.isSaved).toBe(true)

  // The Yjs client writes before the bar, the JSON client behind it, each after a history of its own.
  json.insert(0, '|')
  await expect.poll(() => yjs.text.toJSON()).toBe('|')
  let bar = 0
  json.onChange(({ ops, userId }) => {
    if (userId !== undefined) bar = transformPosition(ops, bar, true)
  })
  let restarting = Promise.resolve()
  for (let at = 0; at < patches.length; at += burst) {
    for (const patch of patches.slice(at, at + burst)) json.edit(opsOf(patch, bar + 1))
    for (const [position, deleted, inserted] of others.slice(at / 2, (at + burst) / 2)) {
      if (deleted > 0) yjs.text.delete(position, deleted)
      if (inserted !== '') yjs.text.insert(position, inserted)
    }
    await json.whenSaved()
    if (at === 6_000 || at === 14_000) {
      await restarting
      restarting = server.restart('SIGKILL')
    }
  }
  await restarting
  await json.whenSaved()
  await expect.poll(() => yjs.isSaved, { timeout: 60_000 }).toBe(true)
  const expected = `${replay(others)}|${replay(patches)}`
  await json.when(({ text }) => text.length === expected.length)
  expect(json.text, `the text of the JSON client, ${source}`).toBe(expected)
  await expect.poll(() => yjs.text.toJSON(), { timeout: 60_000 }).toBe(expected)

  // Everything is acknowledged now: the server alone has to have it.
  json.close()
  await yjs[Symbol.asyncDispose]()
  await server.restart('SIGKILL')
  await using reader = await connectHocuspocus(server, name)
  await expect.poll(() => reader.isSaved, { timeout: 30_000 }).toBe(true)
  expect(reader.text.toJSON(), `the text of a fresh client, ${source}`).toBe(expected)
})
