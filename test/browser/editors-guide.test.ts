import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle } from '../helpers/bundle.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { snippetOf } from '../helpers/snippets.ts'
import { testToken } from '../helpers/tokens.ts'
import { launchChromium } from './pages.ts'

let server: TestServer
let browser: Browser
beforeAll(async () => {
  server = await startServer()
  browser = await launchChromium()
})
afterAll(async () => {
  await browser.close()
  await server.close()
})

const openPage = async (script: string, start: string): Promise<Page> => {
  const page = await browser.newPage()
  await page.goto(`${server.url}/health/live`)
  await page.setContent('<div id="editor"></div><textarea id="area"></textarea>')
  await page.addScriptTag({ content: script })
  await page.addScriptTag({ content: start })
  return page
}

const storedText = async (name: string): Promise<string> => {
  const reader = await restClient(server, 'carl')
  const { text } = await reader.get(documentPath(name, '?format=text'))
  return text.trim()
}

test.each(['tiptap', 'prosemirror', 'quill', 'codemirror', 'blocknote', 'lexical'])(
  '%s: what one types is saved, and shown to the other',
  async (editor) => {
    const name = `editors/${editor}`
    const snippet = snippetOf('docs/guide/editors.md', editor)
    const script = await bundle(`${snippet}\nexport { HocuspocusProvider } from '@hocuspocus/provider'\n`)
    const open = async (user: string): Promise<Page> => {
      const options = { url: `${server.socketUrl}/collab`, name, token: await testToken(user) }
      const page = await openPage(
        script,
        `var provider = new snippet.HocuspocusProvider(${JSON.stringify(options)})
         snippet.bind(provider, document.querySelector('#editor'))`,
      )
      await page.waitForFunction('provider.isSynced && !provider.hasUnsyncedChanges')
      return page
    }
    const editable = (page: Page): Locator =>
      page.locator('#editor[contenteditable=true], #editor [contenteditable=true]').first()
    const ada = await open('ada')
    const bob = await open('bob')
    await editable(ada).click()
    await ada.keyboard.type('typed by Ada')
    await expect.poll(() => editable(bob).innerText()).toContain('typed by Ada')
    await ada.waitForFunction('!provider.hasUnsyncedChanges')
    expect(await storedText(name)).toBe('typed by Ada')
    await Promise.all([ada.close(), bob.close()])
  },
)

test('plain text: a textarea writes to others and shows what they write', async () => {
  const name = 'editors/plain'
  const script = await bundle(snippetOf('docs/guide/editors.md', 'plain'))
  const open = async (user: string): Promise<Page> => {
    const token = JSON.stringify(await testToken(user))
    const parameters = `'${server.socketUrl}/ws', '${name}', async () => ${token}, document.querySelector('#area')`
    const page = await openPage(script, `var shared = snippet.bind(${parameters})`)
    await page.waitForFunction('shared.isOnline')
    return page
  }
  const ada = await open('ada')
  const bob = await open('bob')
  await ada.locator('#area').pressSequentially('typed by Ada')
  await expect.poll(() => bob.locator('#area').inputValue()).toBe('typed by Ada')
  await ada.waitForFunction('shared.isSaved')
  expect(await storedText(name)).toBe('typed by Ada')
  await Promise.all([ada.close(), bob.close()])
})
