import { expect } from 'vitest'
import type * as Y from 'yjs'
import { connectHocuspocus } from '../helpers/clients.ts'
import { editingHistory, replay, type Patch } from '../helpers/history.ts'
import { seededRandom } from '../helpers/random.ts'
import type { TestServer } from '../helpers/server.ts'

export interface TypingClient extends AsyncDisposable {
  readonly text: Y.Text
}

export interface TypingOptions<Client extends TypingClient> {
  readonly server: TestServer
  readonly seed: number
  readonly edits: number
  /** SIGKILLs, spread over the run at random. */
  readonly kills: number
  readonly connect: (name: string) => Promise<Client>
  /** Whether every edit so far is saved, as far as the wire can tell. */
  readonly isSaved: (client: Client) => boolean
}

/** Edits between two breaks in which the sockets get their turn. */
const burst = 25

const type = (text: Y.Text, patches: readonly Patch[]): void => {
  for (const [position, deleted, inserted] of patches) {
    if (deleted > 0) text.delete(position, deleted)
    if (inserted !== '') text.insert(position, inserted)
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Types a history through a real provider while the server is killed again and again. When all of it is acknowledged,
 * the writer leaves, the server is killed once more, and a fresh client must read the text that the history makes.
 */
export const typeWhileKilling = async <Client extends TypingClient>(
  options: TypingOptions<Client>,
): Promise<void> => {
  const { server, seed, edits, kills, connect, isSaved } = options
  const { source, patches } = editingHistory(seed, edits)
  const random = seededRandom(seed)
  const killAt = new Set(
    Array.from(
      { length: kills },
      (_, i) => Math.floor(((i + 0.2 + random() * 0.6) * patches.length) / kills / burst) * burst,
    ),
  )
  const name = `typing-${seed}`
  await using writer = await connect(name)
  await expect.poll(() => isSaved(writer), { timeout: 20_000 }).toBe(true)
  let restarting = Promise.resolve()
  for (let at = 0; at < patches.length; at += burst) {
    type(writer.text, patches.slice(at, at + burst))
    await turn()
    if (killAt.has(at)) {
      await restarting
      restarting = server.restart('SIGKILL')
    }
  }
  await restarting
  await expect.poll(() => isSaved(writer), { timeout: 120_000, interval: 50 }).toBe(true)
  const expected = replay(patches)
  expect(writer.text.toJSON(), `the writer's own text, ${source}`).toBe(expected)

  // Everything is acknowledged now: the server alone has to have it.
  await writer[Symbol.asyncDispose]()
  await server.restart('SIGKILL')
  await using reader = await connectHocuspocus(server, name)
  await expect.poll(() => reader.isSaved, { timeout: 30_000 }).toBe(true)
  expect(reader.text.toJSON(), `the text of a fresh client, ${source}`).toBe(expected)
}
