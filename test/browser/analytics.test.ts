import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { documentPath, restClient } from '../helpers/rest.ts'
import { testToken } from '../helpers/tokens.ts'
import { useServer } from '../helpers/use-server.ts'
import { usePages } from './page-opener.ts'
import { typeAtEnd, waitUntilSaved, type VisitorOptions } from './pages.ts'

const openPage = usePages()
const server = useServer()

const openAs = async (name: string, documentName: string, options?: VisitorOptions): Promise<Page> => {
  const token = await testToken(name.toLowerCase(), { name, documents: { '*': 'editor' } })
  const page = await openPage(`${server().url}/?doc=${documentName}&token=${token}`, options)
  await waitUntilSaved(page)
  return page
}

const panelOf = (page: Page) => page.getByRole('complementary', { name: 'Activity' })

const openPanel = async (page: Page) => {
  await page.getByRole('button', { name: 'Activity' }).click()
  return panelOf(page)
}

const figure = (page: Page, label: string): Promise<string> =>
  panelOf(page)
    .locator('dl > div', { has: page.getByText(label, { exact: true }) })
    .locator('dd')
    .innerText()

/** The server counts the paragraphs, too. */
const inserted = async (page: Page): Promise<number> =>
  Number(/^\+(\d+)/.exec(await figure(page, 'Characters'))?.[1])

const shoot = async (page: Page, name: string): Promise<void> => {
  const folder = process.env['CODRAFT_SHOTS']
  if (folder) await page.screenshot({ path: `${folder}/analytics-${name}.png` })
}

test('what two people edit is counted in the open panel, by day and by hour', async () => {
  const ada = await openAs('Ada', 'counted')
  const panel = await openPanel(ada)
  await panel.getByText('Nobody has edited in the last 30 days.').waitFor()
  await shoot(ada, 'empty')

  await typeAtEnd(ada, 'Twelve signs')
  await expect.poll(() => inserted(ada)).toBeGreaterThanOrEqual('Twelve signs'.length)
  for (const _ of 'signs') await ada.keyboard.press('Backspace')
  await expect.poll(() => figure(ada, 'Characters')).toContain('−5')
  expect(await figure(ada, 'Editors')).toBe('1')
  expect(Number(await figure(ada, 'Edits'))).toBeGreaterThan(0)

  const sam = await openAs('Sam', 'counted')
  await typeAtEnd(sam, 'times')
  await expect.poll(() => figure(ada, 'Editors')).toBe('2')
  await panel.getByRole('button', { name: '24 hours' }).click()
  // The two may have edited on either side of the full hour.
  expect(await figure(ada, 'Most editors in an hour')).toMatch(/^[12]$/)
  expect(await figure(ada, 'Characters')).toContain('−5')
})

test('the chart is read by the keyboard, and as a table, on a narrow screen too', async () => {
  const ada = await openAs('Ada', 'read', { viewport: { width: 360, height: 740 } })
  await typeAtEnd(ada, 'abc')
  await waitUntilSaved(ada)
  const panel = await openPanel(ada)
  const chart = panel.getByRole('slider', { name: 'Edits and active editors by day' })
  await chart.focus()
  expect(await chart.getAttribute('aria-valuetext')).toMatch(/: \d+ edits?, 1 editor$/)
  await ada.keyboard.press('ArrowLeft')
  expect(await chart.getAttribute('aria-valuetext')).toMatch(/: 0 edits, 0 editors$/)
  await ada.keyboard.press('Home')
  expect(await chart.getAttribute('aria-valuenow')).toBe('1')

  await panel.getByText('Show as a table').click()
  const row = panel.getByRole('row').nth(1)
  const [edits, editors, , deleted] = await row.getByRole('cell').allInnerTexts()
  expect([Number(edits) > 0, editors, deleted]).toEqual([true, '1', '0'])
  expect(await ada.evaluate('document.documentElement.scrollWidth')).toBe(360)
  await ada.keyboard.press('Escape')
  await panel.waitFor({ state: 'detached' })
  expect(await ada.evaluate('document.activeElement.id')).toBe('analytics')
})

test('the open panel says why there is nothing more to show', async () => {
  const owner = await restClient(server(), 'olga', { documents: { '*': 'owner' } })
  await owner.put(documentPath('deleted'), { body: 'abc' })
  const ada = await openAs('Ada', 'deleted')
  const panel = await openPanel(ada)
  await expect.poll(() => figure(ada, 'Editors')).toBe('1')
  await expect.poll(async () => (await owner.delete(documentPath('deleted'))).status).toBe(204)
  await panel.getByText('Its owner has deleted it, and can still take it out of the bin again.').waitFor()
})
