import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { connectJson, openRawJson, type RawJson } from '../helpers/json-client.ts'
import { randomSeed, seededRandom } from '../helpers/random.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

let server: TestServer
let documents = 0
beforeAll(async () => {
  server = await startServer({ env: { COMPACT_AFTER_BYTES: '16384' } })
})
afterAll(() => server.close())

const newDocument = (): string => `json-faults-${Date.now().toString(36)}-${(documents += 1)}`

const join = async (client: RawJson, documentId: string, more: object = {}) => {
  const authToken = await testToken('ada')
  client.send({ type: 'join_document', documentId, authToken, field: 'text', kind: 'text', ...more })
  return client.next('joined')
}

const seed = randomSeed()

describe('kill -9 in mid-stream', () => {
  it(`every edit of three clients is applied once and only once (seed ${seed})`, async () => {
    const name = newDocument()
    const random = seededRandom(seed)
    const authors = await Promise.all(
      ['ada', 'sam', 'ada'].map((user, tab) => connectJson(server, name, { user, color: `#00000${tab}` })),
    )
    await using yjs = await connectHocuspocus(server, name)
    for (const author of authors) await author.whenOnline()
    let written = 0
    const write = (): void => {
      const author = authors[Math.floor(random() * 3)]
      author?.insert(Math.floor(random() * (author.text.length + 1)), `<${(written += 1)}>`)
      if (random() < 0.2) yjs.text.insert(0, '.')
    }
    for (let kill = 0; kill < 4; kill++) {
      for (let i = 0; i < 60; i++) {
        write()
        await new Promise((resolve) => setTimeout(resolve, random() * 4))
      }
      const restarting = server.restart('SIGKILL')
      for (let i = 0; i < 10; i++) write()
      await restarting
    }
    for (const author of authors) await author.whenSaved()
    await expect.poll(() => yjs.isSaved).toBe(true)
    for (const author of authors) await expect.poll(() => author.text === yjs.text.toJSON()).toBe(true)

    // All of it is acknowledged: the server alone has to have it.
    for (const author of authors) author.close()
    await server.restart('SIGKILL')
    await using reader = await connectHocuspocus(server, name)
    await expect.poll(() => reader.isSaved).toBe(true)
    const text = reader.text.toJSON()
    const marks = text.split('').filter((letter) => letter === '>').length
    expect(marks).toBe(written)
    expect(text).toBe(yjs.text.toJSON())
  })
})

describe('hostile input', () => {
  it('is answered with a code, and nobody else notices', async () => {
    const name = newDocument()
    await using good = await connectJson(server, name, { user: 'good' })
    await good.whenOnline()
    good.insert(0, 'The text of the others')
    await good.whenSaved()
    const refused: unknown[] = []
    good.on('refused', (event) => refused.push(event))

    await using bad = await openRawJson(server)
    const refusal = async (message: unknown): Promise<unknown> => {
      if (typeof message === 'string') bad.sendText(message)
      else bad.send(message)
      return (await bad.next('error'))['code']
    }
    expect(await refusal({ type: 'edit', ops: [] })).toBe('CODRAFT_NOT_JOINED')
    await join(bad, name)
    for (const text of ['', '{', 'null', '[]', '"x"', '1', '{"type":"x"}', '{"type":1}', '{}', '\ud83d']) {
      expect(await refusal(text), text).toBe('CODRAFT_MESSAGE_MALFORMED')
    }
    const edits: [string, object][] = [
      ['CODRAFT_EDIT_INVALID', { position: -1, insert: 'x' }],
      ['CODRAFT_EDIT_INVALID', { position: 1e300, insert: 'x' }],
      ['CODRAFT_EDIT_INVALID', { position: 9_007_199_254_740_991, insert: 'x' }],
      ['CODRAFT_EDIT_INVALID', { position: 0, delete: 1e15 }],
      ['CODRAFT_EDIT_INVALID', { position: '0', insert: 'x' }],
      ['CODRAFT_EDIT_INVALID', { ops: [{ retain: 5, attributes: 'bold' }] }],
      ['CODRAFT_EDIT_INVALID', { ops: 'x' }],
      ['CODRAFT_EDIT_INVALID', { ops: [{ block: 0, insert: 'x' }] }],
      ['CODRAFT_VERSION_UNKNOWN', { version: -5, ops: [{ insert: 'x' }] }],
      ['CODRAFT_VERSION_UNKNOWN', { version: 1e9, ops: [{ insert: 'x' }] }],
      ['CODRAFT_EDIT_TOO_LARGE', { ops: [{ insert: 'x'.repeat(10 * 1024 * 1024) }] }],
    ]
    for (const [code, edit] of edits) {
      expect(await refusal({ type: 'edit', id: 'bad', ...edit }), JSON.stringify(edit).slice(0, 80)).toBe(
        code,
      )
    }
    // What it does properly still works.
    bad.send({ type: 'edit', id: 'good', position: 0, insert: '> ' })
    expect(await bad.next('ack')).toMatchObject({ opId: 'good' })
    await good.when(({ text }) => text === '> The text of the others')
    expect(refused).toEqual([])
  })

  it('a flood is read no faster than the limit allows, and others are served meanwhile', async () => {
    await using limited = await startServer({ env: { MAX_MESSAGES_PER_SECOND: '100' } })
    const name = newDocument()
    await using flooding = await openRawJson(limited)
    const authToken = await testToken('ada')
    flooding.send({ type: 'join_document', documentId: name, authToken, field: 'text', kind: 'text' })
    await flooding.next('joined')
    await using other = await connectJson(limited, newDocument())
    await other.whenOnline()
    const startedAt = performance.now()
    for (let i = 0; i < 400; i++) flooding.send({ type: 'edit', id: `f${i}`, ops: [{ insert: 'x' }] })
    other.insert(0, 'served')
    await other.whenSaved()
    expect(performance.now() - startedAt).toBeLessThan(1_900)
    while ((await flooding.next('ack'))['opId'] !== 'f399') continue
    flooding.send({ type: 'ping' })
    await flooding.next('pong')
    expect(performance.now() - startedAt).toBeGreaterThan(1_900)
  })

  it('a client that does not read costs bounded memory, and catches up when it does', async () => {
    await using limited = await startServer({ env: { SLOW_READER_BYTES: '65536' } })
    const name = newDocument()
    await using slow = await connectJson(limited, name, { user: 'slow' })
    await slow.whenOnline()
    await using fast = await connectJson(limited, name, { user: 'fast' })
    await fast.whenOnline()
    // A client whose program is busy reads nothing: here the event loop is not free until the end of each round.
    for (let i = 0; i < 300; i++) {
      fast.insert(0, `${i} `.repeat(2_000))
      if (i % 10 === 0) await fast.whenSaved()
    }
    await fast.whenSaved()
    await slow.when(({ text }) => text === fast.text)
  })
})
