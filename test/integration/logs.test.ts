import { expect, onTestFinished, test } from 'vitest'
import { logModules } from '../../src/log-levels.ts'
import { connectHocuspocus, connectYWebsocket } from '../helpers/clients.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer, testSecret } from '../helpers/server.ts'
import { snippetOf } from '../helpers/snippets.ts'
import { testToken } from '../helpers/tokens.ts'

const start = async (env: Record<string, string>) => {
  const server = await startServer({ env })
  onTestFinished(() => server.close())
  return server
}

/** The settings that a command of the guide has before it. */
const settingsIn = (name: string): Record<string, string> => {
  const command = snippetOf('docs/guide/observability.md', name)
  const settings = command.matchAll(/([A-Z_]+)=(\S+) /g)
  return Object.fromEntries(Array.from(settings, ([, key, value]) => [key, value]))
}

test('the commands of the guide: lines of a connection and of a request say whose and what they are about', async () => {
  const server = await start({ ...settingsIn('log-levels'), ...settingsIn('traces') })
  const ann = await restClient(server, 'ann')
  await ann.put(documentPath('plan'), { query: { format: 'text' }, body: 'one' })
  {
    await using client = await connectHocuspocus(server, 'plan', { user: 'ann' })
    await expect.poll(() => client.isSaved).toBe(true)
  }
  const lineOf = (msg: string) => server.log.find((line) => line['msg'] === msg)
  await expect.poll(() => lineOf('document left')).toBeDefined()
  const about = { level: 'debug', document: 'plan', userId: 'ann' }
  expect(lineOf('request answered')).toMatchObject({
    ...about,
    module: 'http',
    method: 'PUT',
    route: '/api/documents/:name',
    status: 201,
    trace_id: expect.stringMatching(/^[\da-f]{32}$/),
  })
  const opened = lineOf('document opened')
  expect(opened).toMatchObject({ ...about, module: 'transport', connection: expect.any(String) })
  expect(lineOf('document left')).toMatchObject({ ...about, connection: opened?.['connection'] })
})

test('a module logs from its own level on, whatever that of the others', async () => {
  const server = await start({ LOG_LEVELS: 'http=debug,transport=silent' })
  await (await restClient(server, 'ann')).get('/api/documents')
  await using _client = await connectHocuspocus(server, 'plan', { token: 'no token' })
  await expect.poll(() => server.log.filter(({ module }) => module === 'http')).toHaveLength(1)
  expect(server.log.filter(({ module }) => module === 'transport')).toEqual([])
})

test('content, tokens and secrets are in no line, at no level, also when something fails', async () => {
  const content = 'the merger is in May'
  const server = await start({
    LOG_LEVELS: logModules.map((module) => `${module}=trace`).join(','),
    MAX_UPDATE_BYTES: '2000',
    SMTP_URL: 'smtp://mailer:password-of-smtp@127.0.0.1:1',
  })
  const token = await testToken('ann', { documents: null })
  const ann = await restClient(server, 'ann', { documents: null })
  const viewer = await testToken('bob', { documents: { plan: 'viewer' } })
  const secrets = [content, token, viewer, testSecret, 'password-of-smtp', 'carla@example.org']

  await ann.put(documentPath('plan'), { query: { format: 'text' }, body: content })
  await ann.put(documentPath('plan'), { query: { format: 'json' }, body: `{"text":"${content}` })
  await ann.post(documentPath('plan', '/share'), { body: { email: 'carla@example.org', role: 'editor' } })
  await fetch(`${server.url}/api/documents?token=${token}&q=${encodeURIComponent(content)}`)
  await using editor = await connectYWebsocket(server, 'plan', { token })
  await expect.poll(() => editor.provider.synced).toBe(true)
  editor.text.insert(0, content)
  await using reader = await connectHocuspocus(server, 'plan', { token: viewer })
  await expect.poll(() => reader.text.toJSON()).toContain(content)
  reader.text.insert(0, content)
  editor.text.insert(0, content.repeat(200))
  await using _forged = await connectHocuspocus(server, 'plan', { token: `${token.slice(0, -4)}AAAA` })
  await expect.poll(() => server.log.some(({ msg }) => msg === 'connection closed')).toBe(true)
  await expect.poll(() => server.log.some(({ msg }) => msg === 'the worker waits')).toBe(true)
  await server.kill('SIGTERM')

  const modules = new Set(server.log.map(({ module }) => module))
  expect([...modules]).toEqual(expect.arrayContaining(['transport', 'http', 'documents', 'workers']))
  const text = JSON.stringify(server.log)
  for (const secret of secrets) expect(text.includes(secret), secret).toBe(false)
})
