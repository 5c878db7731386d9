import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { connectHocuspocus, HocuspocusClient } from '../helpers/clients.ts'
import { readmeSnippet } from '../helpers/readme.ts'
import { startServer, testSecret } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

let folder: string
beforeEach(async () => {
  // Inside the package, so that the snippets resolve `codraft` and its dependencies as an application does.
  const results = fileURLToPath(new URL('../../test-results', import.meta.url))
  await mkdir(results, { recursive: true })
  folder = await mkdtemp(join(results, 'readme-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Runs a program in a process of its own; `lines` grows with what it prints. */
const run = async (source: string, env: Record<string, string> = {}) => {
  const file = join(folder, 'snippet.ts')
  await writeFile(file, source)
  const child = spawn(process.execPath, ['-C', 'codraft-source', file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  return { lines, [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

it('the y-websocket snippet joins the document that Hocuspocus clients edit', async () => {
  const server = await startServer()
  try {
    await using other = await connectHocuspocus(server, 'notes/welcome')
    other.text.insert(0, 'hello')
    const prelude = `const token = ${JSON.stringify(await testToken('reader'))}\n`
    const postlude = `ydoc.on('update', () => console.log(ydoc.getText('text').toJSON()))\nvoid provider\n`
    using snippet = await run(prelude + readmeSnippet('y-websocket', server.socketUrl) + postlude)
    await expect.poll(() => snippet.lines).toContain('hello')
  } finally {
    await server.close()
  }
})

it('the extension snippet starts a server that calls its hook', async () => {
  const prelude = 'const audit: string[] = []\n'
  const postlude = `console.log('url ' + server.url)\nsetInterval(() => console.log(audit[0] ?? ''), 50)\n`
  using snippet = await run(prelude + readmeSnippet('extension', '') + postlude, {
    PORT: '0',
    CODRAFT_DATA_DIR: folder,
    AUTH_JWT_SECRET: testSecret,
    LOG_LEVEL: 'silent',
  })
  const url = (): string | undefined => snippet.lines.find((line) => line.startsWith('url '))?.slice(4)
  await expect.poll(url).toBeDefined()
  await using client = new HocuspocusClient(
    { socketUrl: url()!.replace('http', 'ws') },
    'plans',
    await testToken('ada'),
  )
  client.text.insert(0, 'x')
  await expect.poll(() => snippet.lines).toContain('ada edited plans')
})
