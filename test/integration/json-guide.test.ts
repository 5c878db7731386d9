import { expect, it } from 'vitest'
import { startServer } from '../helpers/server.ts'
import { openSnippetFolder, snippetsOf } from '../helpers/snippets.ts'
import { testToken } from '../helpers/tokens.ts'

it('every snippet of the guide does what it says', async () => {
  await using server = await startServer()
  await using folder = await openSnippetFolder()
  const env = { CODRAFT: server.url, TOKEN: await testToken('ada') }
  const output: Record<string, string> = {}
  for (const { name, language, code } of snippetsOf('docs/guide/json-protocol.md')) {
    if (language === 'js') output[name] = await folder.node(`${name}.mjs`, code, env)
    else await folder.shell(code, env)
  }
  expect(output).toEqual({
    'by-hand': 'durable, version 1\n',
    blocks: '',
    library: 'Plan\nWritten by an agent.\nThe very First step\n\n',
  })
  const read = async (name: string): Promise<string> => {
    const address = `${server.url}/api/documents/${encodeURIComponent(name)}?format=md`
    return (await fetch(address, { headers: { authorization: `Bearer ${env.TOKEN}` } })).text()
  }
  expect(await read('plans/2027')).toBe('## Plan\n\nWritten by an agent.\n\n1. **The very** First step\n')
  expect(await read('logs/2027')).toMatch(/^# Log\n\n- [\d-]+ released\n\nChecked by \*\*two\*\*\.\n$/)
})
