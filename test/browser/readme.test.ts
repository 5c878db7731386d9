import { expect, test } from 'vitest'
import { bundle } from '../helpers/bundle.ts'
import { connectHocuspocus } from '../helpers/clients.ts'
import { startServer } from '../helpers/server.ts'
import { snippetOf } from '../helpers/snippets.ts'
import { testToken } from '../helpers/tokens.ts'
import { launchChromium } from './pages.ts'

test('the Tiptap snippet makes an editor whose edits are saved', async () => {
  const server = await startServer()
  const browser = await launchChromium()
  try {
    const token = JSON.stringify(await testToken('ada'))
    const prelude = `const fetchToken = async () => ${token}\nconst showState = (state) => { window.saveState = state }\n`
    const script = await bundle(
      prelude + snippetOf('README.md', 'tiptap', server.url) + '\nwindow.editor = editor\n',
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
