import { createServer } from 'vite'
import { expect, it } from 'vitest'
import { startServer, testSecret } from '../helpers/server.ts'
import { openSnippetFolder, snippetOf } from '../helpers/snippets.ts'
import { launchChromium } from './pages.ts'

const guide = 'docs/guide/embedding.md'

it('an application of its own, put together as the guide says: one edits, the other reads', async () => {
  await using browser = await launchChromium()
  await using folder = await openSnippetFolder()
  const env = { AUTH_JWT_ISSUER: 'my-app', AUTH_JWT_AUDIENCE: 'codraft', ALLOWED_ORIGINS: '*' }
  await using server = await startServer({ env })
  const backEndEnv = { PORT: '0', AUTH_JWT_SECRET: testSecret }
  using backEnd = await folder.start('back-end.ts', snippetOf(guide, 'back-end'), backEndEnv)
  const port = (): string | undefined => /port: (\d+)/.exec(backEnd.lines.join(' '))?.[1]
  await expect.poll(port).toBeDefined()

  await folder.write('index.html', snippetOf(guide, 'index.html'))
  await folder.write('main.ts', snippetOf(guide, 'main.ts'))
  await folder.write('document.ts', snippetOf(guide, 'client', server.url))
  await folder.write('editor.ts', snippetOf('docs/guide/editors.md', 'tiptap'))
  await folder.write('carets.css', snippetOf('docs/guide/editors.md', 'carets'))
  const config = snippetOf(guide, 'vite.config.ts').replace(':3000', `:${port()}`)
  const configFile = await folder.write('vite.config.ts', config)
  const vite = await createServer({ root: folder.path, configFile, logLevel: 'error', server: { port: 0 } })
  await using _closing = { [Symbol.asyncDispose]: () => vite.close() }
  await vite.listen()
  const url = vite.resolvedUrls?.local[0] ?? ''

  const open = async (session: string) => {
    const context = await browser.newContext()
    await context.addCookies([{ name: 'session', value: session, url }])
    const page = await context.newPage()
    await page.goto(url)
    return { page, state: page.locator('#state'), editor: page.locator('.ProseMirror') }
  }
  const ada = await open('session-1')
  const bob = await open('session-2')
  const patience = { timeout: 30_000 }
  await expect.poll(() => bob.state.textContent(), patience).toBe('View only')
  await ada.page.locator('.ProseMirror[contenteditable=true]').click()
  await ada.page.keyboard.type('the plan')
  await expect.poll(() => ada.state.textContent()).toBe('Saved')
  await expect.poll(() => bob.editor.textContent()).toContain('the plan')
  expect(await bob.editor.getAttribute('contenteditable')).toBe('false')

  // A caret without its style is a bar as wide as the page, in a line of its own.
  const caret = await bob.page.locator('.collaboration-carets__caret').boundingBox()
  expect(caret?.width).toBeLessThan(5)
})
