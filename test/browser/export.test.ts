import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { testToken } from '../helpers/tokens.ts'
import { useServer } from '../helpers/use-server.ts'
import { usePages } from './page-opener.ts'
import { typeAtEnd, waitUntilSaved } from './pages.ts'

const openPage = usePages()
const server = useServer()

const open = async (name: string): Promise<Page> => {
  const url = new URL(`/?doc=${name}`, server().url)
  url.searchParams.set('token', await testToken('ada', { name: 'Ada', documents: { '*': 'owner' } }))
  const page = await openPage(url.href)
  await waitUntilSaved(page)
  return page
}

const openMenu = async (page: Page) => {
  await page.getByRole('button', { name: 'Export' }).click()
  const menu = page.getByRole('dialog', { name: 'Export' })
  await menu.waitFor()
  return menu
}

test('the Export menu makes a file, downloads it, and keeps its link', async () => {
  const page = await open('notes')
  await typeAtEnd(page, 'What was written on the page.')
  await waitUntilSaved(page)
  const menu = await openMenu(page)
  const download = page.waitForEvent('download')
  await menu.locator('[data-format="md"]').click()
  const file = await download
  expect(file.suggestedFilename()).toBe('notes.md')
  expect(await readFile(await file.path(), 'utf8')).toContain('What was written on the page.')
  const link = menu.getByRole('link', { name: /^notes\.md/ })
  await link.waitFor()

  const pdf = page.waitForEvent('download')
  await menu.locator('[data-format="pdf"]').click()
  await menu.getByRole('progressbar').waitFor()
  expect((await readFile(await (await pdf).path(), 'latin1')).startsWith('%PDF-')).toBe(true)
  expect(await link.isVisible()).toBe(true)
})

test('it says why a file cannot be made', async () => {
  const page = await open('nothing-here')
  const menu = await openMenu(page)
  await menu.locator('[data-format="pdf"]').click()
  await menu.getByText('Nothing has been written in this document yet.').waitFor()
})

test('it can be used by the keyboard alone', async () => {
  const page = await open('typed')
  await typeAtEnd(page, 'Typed.')
  await waitUntilSaved(page)
  await page.locator('#export').focus()
  await page.keyboard.press('Enter')
  for (let tabs = 0; tabs < 5; tabs++) await page.keyboard.press('Tab')
  const download = page.waitForEvent('download')
  await page.keyboard.press('Enter')
  expect((await download).suggestedFilename()).toBe('typed.txt')
  await page.keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'Export' }).waitFor({ state: 'hidden' })
})
