import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { testToken } from '../helpers/tokens.ts'
import { useServer } from '../helpers/use-server.ts'
import { usePages } from './page-opener.ts'
import {
  contentOf,
  typeAtEnd,
  waitForContent,
  waitForSameContent,
  waitForState,
  waitUntilSaved,
  type VisitorOptions,
} from './pages.ts'

const openPage = usePages()
const server = useServer()

const openAs = async (name: string, role: 'editor' | 'viewer', options?: VisitorOptions): Promise<Page> => {
  const token = await testToken(name.toLowerCase(), { name, documents: { '*': role } })
  return openPage(`${server().url}/?doc=history&token=${token}`, options)
}

test('a version is kept, read, compared and restored while another person types', async () => {
  const ada = await openAs('Ada', 'editor')
  await waitUntilSaved(ada)
  await typeAtEnd(ada, 'The first draft.')
  await waitUntilSaved(ada)
  await ada.getByRole('button', { name: 'History' }).click()
  const panel = ada.getByRole('complementary', { name: 'History' })
  await panel.getByText('No version has been kept yet.').waitFor()
  await panel.getByLabel('Name of the version').fill('As agreed')
  await panel.getByRole('button', { name: 'Keep' }).click()
  await panel.getByText('As agreed').waitFor()
  // The name of the author is written in the background.
  await expect
    .poll(async () => {
      await panel.getByRole('button', { name: 'Close' }).click()
      await ada.getByRole('button', { name: 'History' }).click()
      await panel.getByText('As agreed').waitFor()
      return panel.innerText()
    })
    .toContain('Ada')

  const sam = await openAs('Sam', 'editor')
  await waitUntilSaved(sam)
  await ada.keyboard.press('Escape')
  await typeAtEnd(ada, '\nA second thought.')
  await waitForContent(sam, 'A second thought.')

  await ada.getByRole('button', { name: 'History' }).click()
  await panel.getByText('As agreed').click()
  await expect.poll(() => ada.locator('.preview').innerText()).toBe('The first draft.')
  await ada.getByRole('button', { name: 'What changed since' }).click()
  await expect
    .poll(() => ada.locator('.preview ins').allInnerTexts())
    .toEqual([expect.stringContaining('A second thought.')])

  const states: (string | null)[] = []
  await sam.exposeFunction('saw', (state: string) => states.push(state))
  await sam.evaluate(`new MutationObserver(() => saw(document.querySelector('#save-state').dataset.state))
    .observe(document.querySelector('#save-state'), { attributes: true })`)
  await ada.getByRole('button', { name: 'Restore' }).click()
  await waitForContent(sam, /^<p>The first draft\.<\/p>$/)
  await typeAtEnd(sam, ' And on.')
  await waitForContent(ada, 'The first draft. And on.')
  await waitForSameContent(ada, sam)
  expect(states.filter((state) => state !== 'saving' && state !== 'saved')).toEqual([])

  // What was there before the restoration is the newest version.
  await panel.getByText('Kept automatically').first().click()
  await expect.poll(() => ada.locator('.preview').innerText()).toContain('A second thought.')
  await ada.getByRole('button', { name: 'Back to the document' }).click()
  expect(await contentOf(ada)).toContain('And on.')

  await panel.locator('li', { hasText: 'Kept automatically' }).first().hover()
  await panel.getByRole('button', { name: 'Name', exact: true }).first().click()
  await panel.locator('.version-list').getByLabel('Name of the version').fill('Before the restoration')
  await panel.getByRole('button', { name: 'Save' }).click()
  await panel.getByText('Before the restoration').waitFor()
})

test('a viewer reads the history and restores nothing, also on a small screen', async () => {
  const viewer = await openAs('Vera', 'viewer', { viewport: { width: 390, height: 844 } })
  await waitForState(viewer, 'readonly')
  await viewer.getByRole('button', { name: 'History' }).click()
  const panel = viewer.getByRole('complementary', { name: 'History' })
  await panel.getByText('As agreed').click()
  await expect.poll(() => viewer.locator('.preview').innerText()).toBe('The first draft.')
  expect(await viewer.getByRole('button', { name: 'Restore' }).count()).toBe(0)
  expect(await viewer.evaluate('document.documentElement.scrollWidth')).toBe(390)
  await viewer.getByRole('button', { name: 'Back to the document' }).click()
  await panel.getByText('As agreed').waitFor()
  expect(await panel.getByRole('button', { name: 'Name', exact: true }).count()).toBe(0)
  await panel.getByRole('button', { name: 'Close' }).click()
  expect(await viewer.locator('#sheet').isVisible()).toBe(true)
})
