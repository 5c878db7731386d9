import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'
import { launchChromium, visit } from './pages.ts'

let browser: Browser
let server: TestServer
beforeAll(async () => {
  browser = await launchChromium()
  server = await startServer()
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

const ownRoles = { documents: null }

test('the bell counts what is unread as it comes, lists it, and is quiet when it was seen', async () => {
  const token = await testToken('bob', { ...ownRoles, name: 'Bob' })
  const { page, errors, leave } = await visit(browser, `${server.url}/?doc=own&token=${token}`, {
    viewport: { width: 1200, height: 760 },
  })
  const bell = page.locator('#bell')
  const count = page.locator('.bell-count')
  await expect.poll(() => bell.getAttribute('aria-label')).toBe('Notifications')
  expect(await count.isVisible()).toBe(false)

  const ada = await restClient(server, 'ada', { ...ownRoles, name: 'Ada Lovelace' })
  for (const name of ['Notes on the engine', 'Plans']) {
    await ada.put(documentPath(name), { body: name })
    await ada.put(documentPath(name, '/grants/bob'), { body: { role: 'editor' } })
  }
  await expect.poll(() => count.textContent()).toBe('2')
  expect(await bell.getAttribute('aria-label')).toBe('Notifications, 2 unread')
  await bell.click()
  const entries = page.locator('.bell-list li')
  await expect.poll(() => entries.count()).toBe(2)
  expect(await entries.first().textContent()).toContain('Ada Lovelace invited you to edit “Plans”')
  expect(await entries.first().getAttribute('data-unread')).toBe('')
  const shot = process.env['CODRAFT_SHOTS']
  if (shot) await page.screenshot({ path: `${shot}/bell.png` })
  await expect.poll(() => count.isVisible()).toBe(false)
  await page.keyboard.press('Escape')
  await expect.poll(() => entries.first().getAttribute('data-unread')).toBe(null)

  await bell.click()
  await entries.first().locator('a').click()
  await expect.poll(() => page.locator('#title').inputValue()).toBe('Plans')
  expect(errors).toEqual([])
  await leave()
})
