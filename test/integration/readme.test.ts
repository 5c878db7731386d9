import { expect, it } from 'vitest'
import { connectHocuspocus, HocuspocusClient } from '../helpers/clients.ts'
import { startServer, testSecret } from '../helpers/server.ts'
import { openSnippetFolder, snippetOf } from '../helpers/snippets.ts'
import { testToken } from '../helpers/tokens.ts'

it('the y-websocket snippet joins the document that Hocuspocus clients edit', async () => {
  await using server = await startServer()
  await using folder = await openSnippetFolder()
  await using other = await connectHocuspocus(server, 'notes/welcome')
  other.text.insert(0, 'hello')
  const prelude = `const token = ${JSON.stringify(await testToken('reader'))}\n`
  const postlude = `ydoc.on('update', () => console.log(ydoc.getText('text').toJSON()))\nvoid provider\n`
  const source = prelude + snippetOf('README.md', 'y-websocket', server.url) + postlude
  using snippet = await folder.start('snippet.ts', source)
  await expect.poll(() => snippet.lines).toContain('hello')
})

it('the extension snippet starts a server that calls its hook', async () => {
  await using folder = await openSnippetFolder()
  const prelude = 'const audit: string[] = []\n'
  const postlude = `console.log('url ' + server.url)\nsetInterval(() => console.log(audit[0] ?? ''), 50)\n`
  const source = prelude + snippetOf('README.md', 'extension') + postlude
  using snippet = await folder.start('snippet.ts', source, {
    PORT: '0',
    CODRAFT_DATA_DIR: folder.path,
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
