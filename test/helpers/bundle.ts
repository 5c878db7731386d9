import { build } from 'vite'
import { openSnippetFolder } from './snippets.ts'

/** One script for a page out of a module and all that it imports. */
export const bundle = async (source: string, name = 'snippet.ts'): Promise<string> => {
  await using folder = await openSnippetFolder()
  const entry = await folder.write(name, source)
  const result = await build({
    root: folder.path,
    configFile: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: { conditions: ['codraft-source', 'module', 'browser', 'production'] },
    build: { write: false, minify: false, lib: { entry, formats: ['iife'], name: 'snippet' } },
  })
  const [output] = Array.isArray(result) ? result : [result]
  if (!output || !('output' in output)) throw new Error('Vite has built nothing')
  return output.output[0].code
}
