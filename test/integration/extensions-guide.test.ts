import { expect, it } from 'vitest'
import { HocuspocusClient } from '../helpers/clients.ts'
import { testSecret } from '../helpers/server.ts'
import { openSnippetFolder, snippetOf } from '../helpers/snippets.ts'
import { testToken } from '../helpers/tokens.ts'

it('the extension of the guide refuses some documents and counts the edits of the others', async () => {
  await using folder = await openSnippetFolder()
  const report = `console.log('url ' + server.url)
setInterval(() => console.log(JSON.stringify([...maintenance.edits])), 50)\n`
  using program = await folder.start(
    'server.ts',
    snippetOf('docs/guide/extensions.md', 'extension') + report,
    {
      PORT: '0',
      CODRAFT_DATA_DIR: folder.path,
      AUTH_JWT_SECRET: testSecret,
      LOG_LEVEL: 'silent',
    },
  )
  const url = (): string | undefined => program.lines.find((line) => line.startsWith('url '))?.slice(4)
  await expect.poll(url).toBeDefined()
  const server = { socketUrl: url()!.replace('http', 'ws') }
  const token = await testToken('ada')

  await using refused = new HocuspocusClient(server, 'archive/2020', token)
  await expect.poll(() => refused.deniedReason).toBe('CODRAFT_DOCUMENT_UNAVAILABLE: closed for maintenance')

  await using client = new HocuspocusClient(server, 'plans', token)
  client.text.insert(0, 'x')
  await expect.poll(() => client.isSaved).toBe(true)
  await expect.poll(() => program.lines).toContain('[["ada in plans",1]]')
})
