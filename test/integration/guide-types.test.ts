import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { openSnippetFolder, snippetOf, snippetsOf } from '../helpers/snippets.ts'

/** What a snippet leaves to the application that it stands in. */
const given = `
declare const fetchToken: () => Promise<string>
declare const showState: (state: string) => void
declare const token: string
declare const audit: string[]
declare module '*.css'
`

/** Those of an application that is bundled. */
const compilerOptions = {
  target: 'es2024',
  lib: ['esnext', 'dom', 'dom.iterable'],
  module: 'esnext',
  moduleResolution: 'bundler',
  types: ['node'],
  customConditions: ['codraft-source'],
  strict: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
}

/** File names that other snippets of the same page import. */
const fileNames: Readonly<Record<string, string>> = { client: 'document.ts' }

it('the TypeScript of README and the guides is right for the type checker', async () => {
  await using folder = await openSnippetFolder()
  let count = 0
  for (const page of ['README.md', ...globSync('docs/guide/*.md')]) {
    for (const { name, language, code } of snippetsOf(page)) {
      if (language !== 'ts') continue
      count++
      const file = fileNames[name] ?? (name.endsWith('.ts') ? name : `${name}.ts`)
      // A snippet without an import is a module all the same.
      await folder.write(`${page.replaceAll(/\W/g, '-')}/${file}`, `${code}\nexport {}\n`)
    }
  }
  expect(count).toBeGreaterThan(10)
  await folder.write('docs-guide-embedding-md/editor.ts', snippetOf('docs/guide/editors.md', 'tiptap'))
  await folder.write('given.d.ts', given)
  await folder.write('tsconfig.json', JSON.stringify({ compilerOptions }))
  // A mistake is found.
  await folder.write('mistake.ts', "export const port: number = 'none'\n")
  const output = await promisify(execFile)('tsc', ['-p', folder.path]).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )
  // The sources of the package, which the snippets import, are checked with settings of their own.
  const errors = output.split('\n').filter((line) => line.startsWith('test-results/'))
  expect(errors.filter((line) => !line.includes('/mistake.ts'))).toEqual([])
  expect(errors).toHaveLength(1)
})
