import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startServer } from '../helpers/server.ts'
import { openSnippetFolder, snippetsOf } from '../helpers/snippets.ts'

it('the commands of the tour work one after the other, as a guest in one terminal', async () => {
  await using server = await startServer({ env: { AUTH_JWT_SECRET: undefined } })
  await using folder = await openSnippetFolder()
  const commands = snippetsOf('docs/guide/tour.md').map(
    ({ name, code }) => `echo '== ${name}'\n${code}\necho`,
  )
  const terminal = commands.join('\n').replaceAll('127.0.0.1:8080', new URL(server.url).host)
  const [, , edit, version, , mail] = (await folder.shell(terminal)).split(/^== .*\n/m)
  expect(edit).toContain('## Written by a program\n\nWith **marks**.')
  expect(version).toContain('"label":"after the tour"')
  expect(mail).toContain('Ada invited you to edit')
  expect((await readFile(join(folder.path, 'tour.pdf'), 'latin1')).startsWith('%PDF-')).toBe(true)
})
