import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Role } from '../../extensions/auth/index.ts'
import { testToken } from '../helpers/tokens.ts'
import { useServer } from '../helpers/use-server.ts'
import { usePages } from './page-opener.ts'
import { typeAtEnd, waitForContent, waitForState, waitUntilSaved, type VisitorOptions } from './pages.ts'

const openPage = usePages()
const server = useServer()

const openAs = async (
  name: string,
  role: Role,
  documentName: string,
  options: VisitorOptions = { viewport: { width: 1400, height: 900 } },
): Promise<Page> => {
  const token = await testToken(name.toLowerCase(), { name, documents: { [documentName]: role } })
  return openPage(`${server().url}/?doc=${documentName}&token=${token}`, options)
}

/** Selects a word with the mouse, as a person does. */
const selectWord = async (page: Page, word: string): Promise<void> => {
  const box = (await page.evaluate(`(() => {
    const walker = document.createTreeWalker(document.querySelector('.prose'), NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.data.indexOf(${JSON.stringify(word)})
      if (at < 0) continue
      const range = document.createRange()
      range.setStart(node, at)
      range.setEnd(node, at + ${word.length})
      return range.getBoundingClientRect().toJSON()
    }
  })()`)) as { x: number; y: number; width: number; height: number }
  await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2)
}

const marked = (page: Page) => page.locator('.comment-mark').allInnerTexts()

const comment = async (page: Page, word: string, text: string): Promise<void> => {
  await selectWord(page, word)
  await page.getByRole('button', { name: 'Comment', exact: true }).first().click()
  const draft = page.getByRole('article', { name: 'New comment' })
  await draft.getByRole('textbox').fill(text)
  await draft.getByRole('button', { name: 'Comment' }).click()
  await page.locator('.thread', { hasText: text }).waitFor()
}

test('a commenter comments and mentions, an editor answers and resolves; the mark stays with its text', async () => {
  const ada = await openAs('Ada', 'editor', 'margin')
  await waitUntilSaved(ada)
  await typeAtEnd(ada, 'The plan is excellent today.')
  await waitUntilSaved(ada)
  const cora = await openAs('Cora', 'commenter', 'margin')
  await waitForState(cora, 'readonly')
  await waitForContent(cora, 'excellent')

  await selectWord(cora, 'excellent')
  await cora.getByRole('button', { name: 'Comment', exact: true }).click()
  const draft = cora.getByRole('article', { name: 'New comment' })
  await draft.getByRole('textbox').pressSequentially('Is it, @ad')
  await draft.getByRole('option', { name: 'Ada' }).waitFor()
  await cora.keyboard.press('Enter')
  await cora.keyboard.type('?')
  await cora.keyboard.press('ControlOrMeta+Enter')

  const thread = ada.locator('.thread')
  await thread.getByText('Is it, @Ada ?').waitFor()
  expect(await thread.locator('.mention').allInnerTexts()).toEqual(['@Ada'])
  await expect.poll(() => marked(ada)).toEqual(['excellent'])
  expect(await ada.getByRole('button', { name: 'Comments: 1 open' }).count()).toBe(1)

  await ada.locator('.prose').press('ControlOrMeta+Home')
  await ada.keyboard.type('Well: ')
  await waitForContent(cora, 'Well: The plan')
  await expect.poll(() => marked(cora)).toEqual(['excellent'])

  await ada.locator('.comment-mark').click()
  await thread.getByRole('textbox', { name: 'Reply' }).fill('I think so.')
  await thread.getByRole('button', { name: 'Reply' }).click()
  await cora.locator('.thread').getByText('I think so.').waitFor()

  // Cora may change what she has written, and nothing else.
  await cora.locator('.thread [data-comment]').first().hover()
  expect(await cora.locator('.comment-tools').count()).toBe(1)
  await cora.getByRole('button', { name: 'Edit', exact: true }).click()
  await cora.locator('.thread').getByRole('textbox', { name: 'Comment' }).fill('Is it really?')
  await cora.getByRole('button', { name: 'Save' }).click()
  await thread.getByText('Is it really?').waitFor()
  await thread.getByText(', edited').waitFor()
  await cora.locator('.prose').click()
  await cora.keyboard.type('Let me in!')

  await ada.locator('.comment-mark').click()
  await thread.getByRole('button', { name: 'Resolve' }).click()
  await expect.poll(() => cora.locator('.thread').count()).toBe(0)
  await expect.poll(() => marked(cora)).toEqual([])
  await cora.getByRole('button', { name: 'Show 1 resolved' }).click()
  await cora.locator('.thread').getByRole('button', { name: 'Open again' }).click()
  await expect.poll(() => marked(ada)).toEqual(['excellent'])
  expect(await ada.locator('.prose').innerText()).toBe('Well: The plan is excellent today.')
})

test('threads are beside their text, a viewer reads them, and they outlive their text', async () => {
  const ada = await openAs('Ada', 'editor', 'places')
  await waitUntilSaved(ada)
  await typeAtEnd(ada, 'Alpha first.\n\nBravo second.\n\nCharlie third.')
  await comment(ada, 'Charlie', 'On the third')
  await comment(ada, 'Alpha', 'On the first')
  await waitUntilSaved(ada)

  const viewer = await openAs('Vera', 'viewer', 'places')
  await waitForState(viewer, 'readonly')
  await expect
    .poll(() => viewer.locator('.thread .comment-text').allInnerTexts())
    .toEqual(['On the first', 'On the third'])
  const tops = async (selector: string) =>
    (await viewer.evaluate(
      `[...document.querySelectorAll('${selector}')].map((element) => Math.round(element.getBoundingClientRect().top))`,
    )) as number[]
  const [marks, threads] = [await tops('.comment-mark'), await tops('.thread')]
  expect(Math.abs((threads[0] ?? 0) - (marks[0] ?? 0))).toBeLessThan(12)
  expect(threads[1]).toBeGreaterThan(threads[0] ?? 0)
  await selectWord(viewer, 'Bravo')
  expect(await viewer.getByRole('button', { name: 'Comment', exact: true }).count()).toBe(0)
  await viewer.locator('.comment-mark').first().click()
  expect(await viewer.locator('.thread.active').getByRole('textbox').count()).toBe(0)

  await selectWord(ada, 'Alpha')
  await ada.keyboard.press('Backspace')
  await expect.poll(() => marked(viewer)).toEqual(['Charlie'])
  await expect.poll(() => viewer.locator('.thread-quote:visible').allInnerTexts()).toEqual(['Alpha'])
})

test('on a small screen the threads are in a sheet', async () => {
  const ada = await openAs('Ada', 'editor', 'small', { viewport: { width: 390, height: 844 } })
  await waitUntilSaved(ada)
  await typeAtEnd(ada, 'Something to talk about.')
  await comment(ada, 'talk', 'Let us')
  await ada.getByRole('complementary', { name: 'Comments' }).getByRole('button', { name: 'Close' }).click()
  expect(await ada.locator('.thread').isVisible()).toBe(false)
  await ada.locator('.comment-mark').click()
  await ada.locator('.thread').waitFor()
  expect(await ada.evaluate('document.documentElement.scrollWidth')).toBe(390)
  await ada.reload()
  await waitUntilSaved(ada)
  await ada.getByRole('button', { name: 'Comments: 1 open' }).click()
  await ada.locator('.thread').getByText('Let us').waitFor()
})
