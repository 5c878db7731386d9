import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { connectJson } from '../helpers/json-client.ts'
import { startNoWebSocketProxy, type NoWebSocketProxy } from '../helpers/no-websocket-proxy.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

let server: TestServer
let proxy: NoWebSocketProxy
beforeAll(async () => {
  server = await startServer({
    env: { MAX_MESSAGE_BYTES: '100000', ALLOWED_ORIGINS: 'https://app.example.org' },
  })
  proxy = await startNoWebSocketProxy(() => server.url)
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await server.close()
})

it('the client library works where WebSockets do not get through, also over a restart', async () => {
  const name = 'behind a proxy'
  await using json = await connectJson(proxy, name, { user: 'ada' })
  await using yjs = await connectHocuspocus(server, name, { user: 'sam' })
  await json.whenOnline()
  for (let i = 0; i < 50; i++) json.insert(json.text.length, `${i} `)
  await json.whenSaved()
  yjs.text.insert(0, 'from Yjs ')
  await json.when(({ text }) => text.startsWith('from Yjs 0 1'))
  json.cursor(3)
  yjs.provider.awareness?.setLocalState({ user: { name: 'Sam' } })
  await json.when(({ users }) => users.size === 2)

  await expect.poll(() => yjs.isSaved).toBe(true)
  await server.kill('SIGKILL')
  await json.when(({ isOnline }) => !isOnline)
  json.insert(0, 'offline, ')
  await server.start()
  await json.whenSaved()
  await expect.poll(() => yjs.text.toJSON() === json.text).toBe(true)
  expect(json.text).toMatch(/^offline, from Yjs 0 1.* 49 $/)
  expect(proxy.requests).toContain('POST /ws')
  json.close()
  await expect.poll(() => [...(yjs.provider.awareness?.getStates().keys() ?? [])]).toHaveLength(1)
})

it('refuses with a code, and keeps strangers out', async () => {
  const events = (headers: Record<string, string>) =>
    fetch(`${server.url}/ws`, { headers: { accept: 'text/event-stream', ...headers } })
  const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code
  expect(await codeOf(await fetch(`${server.url}/ws`))).toBe('CODRAFT_NOT_FOUND')
  expect(await codeOf(await events({ origin: 'https://evil.example' }))).toBe('CODRAFT_ORIGIN_FORBIDDEN')
  const post = (connection: string, body: string) =>
    fetch(`${server.url}/ws?connection=${connection}`, { method: 'POST', body })
  expect(await codeOf(await post('unknown', '{}'))).toBe('CODRAFT_NOT_FOUND')

  const open = await events({ origin: 'https://app.example.org' })
  expect(open.headers.get('access-control-allow-origin')).toBe('https://app.example.org')
  const reader = open.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const until = async (part: string): Promise<void> => {
    while (!text.includes(part)) text += (await reader.read()).value ?? ''
  }
  await until('\n\n')
  const connection = /data: (.*)\n/.exec(text)?.[1] as string
  expect(await codeOf(await post(connection, 'x'.repeat(100_001)))).toBe('CODRAFT_BODY_TOO_LARGE')
  expect((await post(connection, 'nonsense\n{"type":"ping"}')).status).toBe(204)
  await until('pong')
  expect(text).toContain('CODRAFT_MESSAGE_MALFORMED')
  const authToken = await testToken('vera', { documents: {} })
  await post(connection, JSON.stringify({ type: 'join_document', documentId: 'x', authToken }))
  await until('CODRAFT_DOCUMENT_FORBIDDEN')
  await reader.cancel()
  await expect.poll(async () => (await post(connection, '{}')).status).toBe(404)
})
