import { expect, it } from 'vitest'
import { startServer } from '../../helpers/server.ts'
import { openSnippetFolder, snippetsOf } from '../../helpers/snippets.ts'
import { testToken } from '../../helpers/tokens.ts'

it('every snippet of the guide does what it says', async () => {
  await using server = await startServer()
  await using folder = await openSnippetFolder()
  const env = { CODRAFT: server.url, TOKEN: await testToken('ada', { documents: null }) }
  const output: Record<string, string> = {}
  for (const { name, code } of snippetsOf('docs/guide/rest.md')) output[name] = await folder.shell(code, env)
  expect(output['get']).toBe('# Plan\n\nFirst draft.\n')
  expect(output['repeat']).toMatch(/^(\{"etag":".*"\})\1$/)
  expect(output['edits']).toMatch(/# Plan\n\n\*\*Better\*\* draft\.\n\n- first step\n$/)
  expect(output['versions']).toContain('+Third draft.')
  expect(output['share']).toContain('"email":"bob@example.org"')
  expect(output['share']).toContain('"action":"invited"')
  expect(output['list']).toContain('"name":"plans/2026"')
  expect(output['list']).not.toContain('notes.txt')
})
