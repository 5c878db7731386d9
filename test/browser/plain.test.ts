import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startNoWebSocketProxy } from '../helpers/no-websocket-proxy.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import {
  launchChromium,
  typeAtEnd,
  visit,
  waitForCaret,
  waitForContent,
  waitForPeople,
  waitUntilSaved,
} from './pages.ts'

let browser: Browser
let server: TestServer

beforeAll(async () => {
  browser = await launchChromium()
  server = await startServer({ env: { AUTH_JWT_SECRET: undefined } })
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
})

test('the textarea where WebSockets do not get through', async () => {
  const name = `blocked-${Date.now().toString(36)}`
  await using proxy = await startNoWebSocketProxy(() => server.url)
  const open = await visit(browser, `${server.url}/plain.html?doc=${name}`, { name: 'Ada Lindqvist' })
  const blocked = await visit(browser, `${proxy.url}/plain.html?doc=${name}`, { name: 'Sam Okafor' })
  const [area, behind] = [open.page.locator('#text'), blocked.page.locator('#text')]
  await area.pressSequentially('From here')
  await expect.poll(() => behind.inputValue(), { timeout: 30_000 }).toBe('From here')
  await behind.press('ControlOrMeta+End')
  await behind.pressSequentially(', and from behind')
  await expect.poll(() => area.inputValue(), { timeout: 30_000 }).toBe('From here, and from behind')
  await expect.poll(() => blocked.page.locator('#state').textContent()).toBe('Saved')
  expect([...open.errors, ...blocked.errors]).toEqual([])
  await open.leave()
  await blocked.leave()
})

test('a textarea and a Tiptap editor in one document', async () => {
  const name = `plain-${Date.now().toString(36)}`
  const tiptap = await visit(browser, `${server.url}/?doc=${name}`, { name: 'Ada Lindqvist' })
  await waitUntilSaved(tiptap.page)
  await typeAtEnd(tiptap.page, 'From Tiptap 👋🏽')
  const plain = await visit(browser, `${server.url}/plain.html?doc=${name}`, { name: 'Sam Okafor' })
  const area = plain.page.locator('#text')
  await expect.poll(() => area.inputValue(), { timeout: 30_000 }).toBe('From Tiptap 👋🏽')

  await area.press('ControlOrMeta+End')
  await area.pressSequentially('\nFrom a textarea')
  await waitForContent(tiptap.page, '<p>From Tiptap 👋🏽</p><p>From a textarea</p>')
  await typeAtEnd(tiptap.page, ', and back')
  await expect.poll(() => area.inputValue()).toBe('From Tiptap 👋🏽\nFrom a textarea, and back')
  await area.press('ControlOrMeta+Home')
  await area.pressSequentially('Both: ')
  await waitForContent(tiptap.page, '<p>Both: From Tiptap 👋🏽</p><p>From a textarea, and back</p>')

  await waitForPeople(tiptap.page, ['Ada Lindqvist (you)', 'Sam Okafor'])
  await waitForCaret(tiptap.page, 'Sam Okafor')
  await expect.poll(() => plain.page.locator('#people').textContent()).toContain('Ada Lindqvist')
  await expect.poll(() => plain.page.locator('#state').textContent()).toBe('Saved')
  const folder = process.env['CODRAFT_SCREENSHOTS']
  if (folder !== undefined) {
    await tiptap.page.screenshot({ path: `${folder}/plain-tiptap.png` })
    await plain.page.screenshot({ path: `${folder}/plain-textarea.png` })
  }
  expect([...tiptap.errors, ...plain.errors]).toEqual([])
  await tiptap.leave()
  await plain.leave()
})
