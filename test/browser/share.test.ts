import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { testToken } from '../helpers/tokens.ts'
import { useServer } from '../helpers/use-server.ts'
import { usePages } from './page-opener.ts'
import {
  contentOf,
  typeAtEnd,
  waitForContent,
  waitForState,
  waitUntilSaved,
  type VisitorOptions,
} from './pages.ts'

const openPage = usePages()
const server = useServer()

/** Opens an address as a user whose roles the server keeps. */
const openAs = async (name: string, address: string, options: VisitorOptions = {}): Promise<Page> => {
  const user = name.toLowerCase()
  const token = await testToken(user, { name, email: `${user}@example.org`, documents: null })
  const url = new URL(address, server().url)
  url.searchParams.set('token', token)
  return openPage(url.href, options)
}

const openShare = async (page: Page) => {
  await page.locator('#share').click()
  const dialog = page.getByRole('dialog', { name: /^Share/ })
  await dialog.locator('[data-user]').first().waitFor()
  return dialog
}

test('an owner invites by e-mail, the other accepts on the page, is demoted and removed', async () => {
  const ada = await openAs('Ada', '/?doc=shared')
  await waitUntilSaved(ada)
  await typeAtEnd(ada, 'From Ada. ')
  await waitUntilSaved(ada)

  const bob = await openAs('Bob', '/?doc=shared')
  await waitForState(bob, 'error')
  expect(await bob.locator('#notice').innerText()).toContain('No access to this document')

  const dialog = await openShare(ada)
  await dialog.getByLabel('E-mail address').fill('bob@example.org')
  await dialog.getByLabel('Role of whom to invite').selectOption('editor')
  const answer = ada.waitForResponse((response) => response.url().endsWith('/share'))
  await dialog.getByRole('button', { name: 'Invite', exact: true }).click()
  const { url } = (await (await answer).json()) as { url: string }
  await dialog.getByText('Invited: can edit').waitFor()

  const invited = await openAs('Bob', new URL(url).search.replace(/^/, '/'))
  await waitUntilSaved(invited)
  expect(invited.url()).toBe(`${server().url}/?doc=shared`)
  await typeAtEnd(invited, 'From Bob. ')
  await waitForContent(ada, 'From Ada. From Bob.')

  // The list is that of the moment in which it was opened.
  await ada.keyboard.press('Escape')
  const later = await openShare(ada)
  await later.locator('[data-user="bob"]').getByText('bob@example.org').waitFor()
  expect(await later.getByText('Invited:').count()).toBe(0)
  await later.getByLabel('Role of Bob').selectOption('viewer')
  await waitForState(invited, 'readonly')
  expect(await invited.locator('.prose').getAttribute('contenteditable')).toBe('false')

  await later.getByLabel('Role of Bob').selectOption('none')
  await waitForState(invited, 'error')
  await expect.poll(() => later.locator('[data-user="bob"]').count()).toBe(0)
  expect(await contentOf(ada)).toContain('From Bob.')
})

test('the only owner stays, an invitation is withdrawn and then refused', async () => {
  const ada = await openAs('Ada', '/?doc=last-owner')
  await waitUntilSaved(ada)
  const dialog = await openShare(ada)
  await dialog.getByLabel('Role of Ada').selectOption('viewer')
  await dialog.getByText('This is the only owner.').waitFor()
  await expect.poll(() => dialog.getByLabel('Role of Ada').inputValue()).toBe('owner')

  await dialog.getByLabel('E-mail address').fill('bob@example.org')
  const answer = ada.waitForResponse((response) => response.url().endsWith('/share'))
  await dialog.getByRole('button', { name: 'Invite', exact: true }).click()
  const { url } = (await (await answer).json()) as { url: string }
  await dialog.getByRole('button', { name: 'Withdraw' }).click()
  await expect.poll(() => dialog.getByText('Invited:').count()).toBe(0)

  const bob = await openAs('Bob', new URL(url).search.replace(/^/, '/'))
  await bob.getByText('This invitation is no longer valid').waitFor()
  await waitForState(bob, 'error')
})

test('who does not own the document sees who has access, and changes nothing', async () => {
  const ada = await openAs('Ada', '/?doc=seen')
  await waitUntilSaved(ada)
  const dialog = await openShare(ada)
  await dialog.getByLabel('E-mail address').fill('bob@example.org')
  const answer = ada.waitForResponse((response) => response.url().endsWith('/share'))
  await dialog.getByRole('button', { name: 'Invite', exact: true }).click()
  const { url } = (await (await answer).json()) as { url: string }
  const viewport = { width: 390, height: 844 }
  const bob = await openAs('Bob', new URL(url).search.replace(/^/, '/'), { viewport })
  await waitUntilSaved(bob)

  const seen = await openShare(bob)
  await seen.getByText('Only owners invite people').waitFor()
  expect(await seen.locator('[data-user]').allInnerTexts()).toEqual([
    expect.stringContaining('Ada'),
    expect.stringContaining('Bob (you)'),
  ])
  expect(await seen.getByRole('combobox').count()).toBe(0)
  expect(await seen.getByText('ada@example.org').count()).toBe(0)
  expect(await bob.evaluate('document.documentElement.scrollWidth')).toBe(390)
})
