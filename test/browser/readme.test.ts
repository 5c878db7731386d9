import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import { build } from 'vite'
import { connectHocuspocus } from '../helpers/clients.ts'
import { readmeSnippet } from '../helpers/readme.ts'
import { startServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'

/** One script out of a module and all that it imports. */
const bundle = async (source: string): Promise<string> => {
  const results = fileURLToPath(new URL('../../test-results', import.meta.url))
  await mkdir(results, { recursive: true })
  const folder = await mkdtemp(join(results, 'readme-'))
  try {
    const entry = join(folder, 'snippet.ts')
    await writeFile(entry, source)
    const lib = { entry, formats: ['iife' as const], name: 'snippet' }
    const result = await build({
      root: folder,
      configFile: false,
      logLevel: 'error',
      build: { write: false, lib },
    })
    const [output] = Array.isArray(result) ? result : [result]
    if (!output || !('output' in output)) throw new Error('Vite has built nothing')
    return output.output[0].code
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('the Tiptap snippet makes an editor whose edits are saved', async () => {
  const server = await startServer()
  const browser = await chromium.launch({
    executablePath: process.env['CODRAFT_CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
  try {
    const token = JSON.stringify(await testToken('ada'))
    const prelude = `const fetchToken = async () => ${token}\nconst showState = (state) => { window.saveState = state }\n`
    const script = await bundle(
      prelude + readmeSnippet('tiptap', server.socketUrl) + '\nwindow.editor = editor\n',
    )
    const page = await browser.newPage()
    await page.goto(`${server.url}/health/live`)
    await page.setContent('<div id="editor"></div>')
    await page.addScriptTag({ content: script })
    await page.locator('#editor .ProseMirror').click()
    await page.keyboard.type('typed in Tiptap')
    await page.waitForFunction('window.saveState === "Saved"')
    await using reader = await connectHocuspocus(server, 'notes/welcome')
    await expect
      .poll(() => reader.document.getXmlFragment('default').toJSON())
      .toBe('<paragraph>typed in Tiptap</paragraph>')
  } finally {
    await browser.close()
    await server.close()
  }
})
