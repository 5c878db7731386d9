import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, it } from 'vitest'

it('the client library is smaller than 5 kB, compressed', async () => {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      lib: { entry: fileURLToPath(new URL('index.ts', import.meta.url)), formats: ['es'] },
      // Vite leaves the white space in libraries for the bundler of the page to remove.
      rolldownOptions: { output: { minify: true } },
    },
  })
  const [output] = Array.isArray(result) ? result : [result]
  if (!output || !('output' in output)) throw new Error('Vite has built nothing')
  const bytes = gzipSync(output.output[0].code).length
  expect(bytes).toBeLessThan(5_000)
  expect(output.output[0].imports).toEqual([])
})
