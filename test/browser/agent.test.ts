import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAgent } from '../helpers/mcp-client.ts'
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

const guestToken = async (user: string, name: string): Promise<string> => {
  const response = await fetch(`${server.url}/api/dev/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, name }),
  })
  return ((await response.json()) as { token: string }).token
}

test('an AI agent edits the document that a page shows, while somebody types in it', async () => {
  const name = `agent-${Date.now().toString(36)}`
  const { page, errors, leave } = await visit(browser, `${server.url}/?doc=${name}`, {
    name: 'Ada Lindqvist',
  })
  await waitUntilSaved(page)
  await typeAtEnd(page, 'We met on Tuesday.')
  await waitUntilSaved(page)
  await using agent = await startAgent(server.url, await guestToken('sam', 'Sam Okafor'), 'Scribe')
  expect(await agent.call('read_document', { document: name })).toBe('We met on Tuesday.\n')
  await waitForPeople(page, ['Ada Lindqvist (you)', 'Scribe (Sam Okafor)'])
  const markdown = '## Decisions\n\n1. Ship on **Friday**\n2. Tell everybody'
  await agent.call('append_to_document', { document: name, markdown })
  await page.keyboard.type(' All of us.')
  await agent.call('edit_document', { document: name, edits: [{ find: 'Tuesday', replace: 'Wednesday' }] })
  await waitForContent(
    page,
    '<p>We met on Wednesday. All of us.</p><h2>Decisions</h2><ol><li><p>Ship on <strong>Friday</strong></p></li><li><p>Tell everybody</p></li></ol>',
  )
  await waitForCaret(page, 'Scribe (Sam Okafor)')
  await agent.call('comment_on_document', { document: name, text: 'All agreed?', quote: 'Ship on' })
  const commented = page.locator('.comment-mark')
  await expect.poll(() => commented.allTextContents(), { timeout: 30_000 }).toEqual(['Ship on'])
  const folder = process.env['CODRAFT_SCREENSHOTS']
  if (folder !== undefined) await page.screenshot({ path: `${folder}/agent.png` })
  expect(errors).toEqual([])
  await leave()
})
