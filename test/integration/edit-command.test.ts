import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

const main = fileURLToPath(new URL('../../src/codraft.mjs', import.meta.url))

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

/** Runs `codraft edit` with this input. */
const edit = async (input: string, args: readonly string[], env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [main, 'edit', ...args], {
    env: { ...process.env, CODRAFT_URL: server.url, CODRAFT_TOKEN: await testToken('ada'), ...env },
    stdio: 'pipe',
  })
  child.stdin.end(input)
  const [output, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { output, errors, exitCode: exitCode as number }
}
const done = { output: '', errors: '', exitCode: 0 }

const read = async (name: string) =>
  (await (await restClient(server)).get(documentPath(name), { query: { format: 'md' } })).text

it('replaces, appends, inserts at a heading and in place of a text, while others type', async () => {
  const name = 'notes/2026'
  expect(await edit('# Notes\n\n## To do\n\n- rest\n\n## Done\n', [name, '--replace'])).toEqual(done)
  await using editor = await connectHocuspocus(server, name)
  await expect.poll(() => editor.isSaved).toBe(true)
  expect(await edit('- **test**\n', [name, '--append'])).toEqual(done)
  expect(await edit('Soon.\n', [name, '--heading', 'To do'])).toEqual(done)
  expect(await edit('work\n', [name, '--find', 'rest'])).toEqual(done)
  await expect
    .poll(() => JSON.stringify(editor.document.getXmlFragment('default').toJSON()))
    .toContain('work')
  await server.restart('SIGKILL')
  expect(await read(name)).toBe('# Notes\n\n## To do\n\n- work\n\nSoon.\n\n## Done\n\n- **test**\n')
})

it('waits for a server that is away for a moment, and edits once', async () => {
  await server.kill('SIGKILL')
  const editing = edit('late\n', ['waiting', '--append'])
  await server.start()
  expect(await editing).toEqual(done)
  expect(await read('waiting')).toBe('late\n')
})

it.each<[string, string[], Record<string, string>, string]>([
  ['no place', ['x'], {}, 'say where'],
  ['two places', ['x', '--append', '--replace'], {}, 'cannot be used with'],
  ['no token', ['x', '--append'], { CODRAFT_TOKEN: '' }, 'CODRAFT_TOKEN'],
  ['a bad token', ['x', '--append'], { CODRAFT_TOKEN: 'a.b.c' }, 'CODRAFT_TOKEN_INVALID'],
  ['an absent text', ['x', '--find', 'nothing'], {}, 'CODRAFT_EDIT_INVALID: the document has no such text'],
])('%s: exit code 1 and a reason', async (_, args, env, reason) => {
  const { errors, exitCode } = await edit('input', args, env)
  expect(errors).toContain(reason)
  expect(errors).not.toContain('    at ')
  expect(exitCode).toBe(1)
})
