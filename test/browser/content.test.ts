import { afterAll, beforeAll, expect, test } from 'vitest'
import { documentPath, restClient, type RestClient } from '../helpers/rest.ts'
import { kitchenSink } from '../helpers/kitchen-sink.ts'
import { pngOf } from '../helpers/png.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'
import { usePages } from './page-opener.ts'
import { clickTool, contentOf, typeAtEnd, waitForContent, waitUntilSaved } from './pages.ts'

const openPage = usePages()
let server: TestServer
let ada: RestClient

beforeAll(async () => {
  server = await startServer()
  ada = await restClient(server, 'ada')
})

afterAll(async () => {
  await server?.close()
})

const open = async (documentName: string) => {
  const page = await openPage(`${server.url}/?doc=${documentName}&token=${await testToken('ada')}`)
  await waitUntilSaved(page)
  return page
}

const put = async (documentName: string, type: string, body: string) => {
  const answer = await ada.put(documentPath(documentName), { headers: { 'content-type': type }, body })
  expect(answer.status).toBeLessThan(300)
}

const read = async (documentName: string, format: string): Promise<string> => {
  const answer = await ada.get(documentPath(documentName), { query: { format } })
  expect(answer.status).toBe(200)
  return answer.text
}

/** Attributes that no element of the page's schema has, and marks and nodes of several kinds. */
const foreignHtml = `<p id="p1" data-attrs='{"tone":"soft"}'>One <span data-mark="tracked" data-attrs='{"by":"ada"}'>change</span> and
<span data-comment-id="c1">two </span><span data-comment-id="c2">comments</span>, <span data-node="formula" data-attrs='{"latex":"x^2"}'></span> in a line.</p>
<h5 style="text-align: center" dir="rtl">A small heading</h5>
<div data-node="callout" data-attrs='{"tone":"warning"}'><p>In a callout</p><ul><li><p>a list</p></li></ul></div>
<div data-node="caption" data-line>A caption with <strong>bold</strong></div>
<p><span style="color: #c00000; font-family: Georgia; font-size: 20px; background-color: #ffff00">styled</span></p>`

test.each([
  ['Markdown', 'text/markdown', kitchenSink],
  ['HTML', 'text/html', foreignHtml],
])('an open page keeps everything that %s has put in', async (name, type, source) => {
  const documentName = `content-${name}`
  await put(documentName, 'text/plain', 'Already here')
  const page = await open(documentName)
  await put(documentName, type, source)
  const before = await read(documentName, 'html')
  const markdown = await read(documentName, 'md')
  await waitForContent(page, name === 'HTML' ? 'A small heading' : 'The end.')

  await typeAtEnd(page, ' Typed.')
  await waitForContent(page, 'Typed.')
  await waitUntilSaved(page)
  expect((await read(documentName, 'html')).replace(' Typed.', '')).toBe(before)
  expect((await read(documentName, 'md')).replace(' Typed.', '')).toBe(markdown)

  // A page that opens it later has to learn all of it at once.
  const later = await open(documentName)
  await waitForContent(later, 'Typed.')
  await typeAtEnd(later, ' Again.')
  await waitUntilSaved(later)
  expect((await read(documentName, 'html')).replace(' Typed. Again.', '')).toBe(before)
})

test('a page goes on where it was when a document needs a wider schema', async () => {
  const page = await open('content-wider')
  await typeAtEnd(page, 'First ')
  await waitUntilSaved(page)
  const html = await read('content-wider', 'html')
  await put('content-wider', 'text/html', `${html}<div data-node="callout"><p>Called out</p></div>`)
  await waitForContent(page, 'Called out')
  await page.keyboard.type('and second.')
  await waitForContent(page, 'First and second.')
  await waitUntilSaved(page)
  expect(await read('content-wider', 'text')).toContain('First and second.')
})

test('tables, tasks, colours and pictures are made with the bar', async () => {
  const page = await open('content-bar')
  /** The editor takes the focus back in the next frame. */
  const inText = async () => {
    await page.locator('.prose:focus').waitFor()
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  }
  await typeAtEnd(page, 'Red')
  await page.keyboard.press('ControlOrMeta+a')
  await clickTool(page, 'color')
  await page.getByLabel('Red', { exact: true }).click()
  await clickTool(page, 'color')
  await page.getByLabel('Yellow').click()
  await waitForContent(page, /<mark data-color="#ffe48a"/)
  await inText()
  await page.keyboard.press('End')
  await inText()
  await page.keyboard.press('Enter')
  await clickTool(page, 'taskList')
  await inText()
  await page.keyboard.type('Task')
  await page.locator('.prose input[type=checkbox]').click()
  await inText()
  await page.keyboard.press('Enter')
  await page.keyboard.press('Enter')
  await clickTool(page, 'table')
  await page.getByRole('menuitem', { name: 'Insert table' }).click()
  await inText()
  await page.keyboard.type('Head')
  await clickTool(page, 'table')
  await page.getByRole('menuitem', { name: 'Delete column' }).click()
  await inText()
  await page.keyboard.press('ControlOrMeta+End')
  await inText()
  await clickTool(page, 'image')
  await page.locator('input[type=file]').setInputFiles({
    name: 'square.png',
    mimeType: 'image/png',
    buffer: pngOf(40, 30),
  })
  await waitForContent(page, /<img src="data:image\/webp/)
  await waitUntilSaved(page)

  const markdown = await read('content-bar', 'md')
  expect(markdown).toContain('<span style="color: #d0453a">')
  expect(markdown).toContain('- [x] Task')
  expect(await contentOf(page)).toContain('alt="square"')
  expect(await read('content-bar', 'html')).toMatch(/<table>.*<th/s)
})
