import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectHocuspocus } from '../helpers/clients.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'
import { launchChromium, visit, waitUntilSaved, type Visitor } from './pages.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

const patience = { timeout: 30_000 }
const folder = process.env['CODRAFT_SCREENSHOTS']
const picture = async ({ page }: Visitor, name: string): Promise<void> => {
  if (folder !== undefined) await page.screenshot({ path: `${folder}/status-${name}.png`, fullPage: true })
}
const card = ({ page }: Visitor, name: string) => page.locator(`section[aria-label="${name}"]`)

test('a guest of the embedded server sees how it is, live', async () => {
  await using server = await startServer({ env: { AUTH_JWT_SECRET: undefined } })
  const writer = await visit(browser, `${server.url}/?doc=quarterly-plan`, { name: 'Ada Lindqvist' })
  await waitUntilSaved(writer.page)
  const status = await visit(browser, `${server.url}/status`, { name: 'Operator', colorScheme: 'light' })
  const state = status.page.locator('#state')
  await expect.poll(() => state.textContent(), patience).toBe('All is well')
  await expect
    .poll(() => card(status, 'Busiest documents').textContent(), patience)
    .toContain('quarterly-plan')
  expect(await card(status, 'Connections').textContent()).toContain('1of')
  expect(await card(status, 'Durability').textContent()).toContain('disk')
  expect(await card(status, 'Dead letters').textContent()).toContain('Workers could handle everything.')
  await expect.poll(() => card(status, 'Captured mail').count(), patience).toBe(1)

  await writer.page.keyboard.type('The plan for the next quarter')
  await waitUntilSaved(writer.page)
  await writer.leave()
  await expect.poll(() => card(status, 'Connections').textContent(), patience).toContain('0of')
  await expect.poll(() => card(status, 'Busiest documents').textContent(), patience).not.toContain('(1)')
  await picture(status, 'normal')
  expect(status.errors).toEqual([])

  await server.kill('SIGKILL')
  await expect.poll(() => state.textContent(), patience).toBe('The server does not answer')
  await server.start()
  await expect.poll(() => state.textContent(), patience).toBe('All is well')
  await status.leave()
})

test('with a secret of an application it asks for the token of an operator', async () => {
  await using server = await startServer({ env: { OPERATORS: 'olga' } })
  await using client = await connectHocuspocus(server, 'doc')
  await expect.poll(() => client.isSaved).toBe(true)
  const status = await visit(browser, `${server.url}/status`)
  const { page } = status
  await page.locator('input[name=token]').waitFor(patience)
  await page.locator('input[name=token]').fill(await testToken('somebody'))
  await page.locator('button[type=submit]').click()
  await expect.poll(() => page.locator('#state').textContent(), patience).toBe('For operators')
  await picture(status, 'token')
  await page.locator('input[name=token]').fill(await testToken('olga'))
  await page.locator('button[type=submit]').click()
  await expect.poll(() => page.locator('#state').textContent(), patience).toBe('All is well')
  await expect.poll(() => card(status, 'Busiest documents').textContent(), patience).toContain('doc')
  await status.leave()
})

test('under load its figures move', async () => {
  await using server: TestServer = await startServer({ env: { OPERATORS: 'olga' } })
  const clients = await Promise.all(
    Array.from({ length: 30 }, (_, i) => connectHocuspocus(server, `load/${i % 6}`, { user: `user-${i}` })),
  )
  const typing = setInterval(() => clients.forEach((client) => client.text.insert(0, 'x')), 50)
  try {
    const token = await testToken('olga')
    const status = await visit(browser, `${server.url}/status#token=${token}`)
    await expect.poll(() => card(status, 'Connections').textContent(), patience).toContain('30of')
    const edits = async (): Promise<number> =>
      Number(/Edits([\d.]+)/.exec((await card(status, 'Edits').textContent()) ?? '')?.[1])
    await expect.poll(edits, patience).toBeGreaterThan(100)
    await expect
      .poll(() => card(status, 'Latency to other readers').textContent(), patience)
      .toMatch(/\d+(\.\d)?ms/)
    expect(status.page.url()).not.toContain('token')
    if (folder !== undefined) {
      await status.page.waitForTimeout(30_000)
      await picture(status, 'load')
      await status.page.emulateMedia({ colorScheme: 'dark' })
      await picture(status, 'dark')
      await status.page.setViewportSize({ width: 390, height: 844 })
      await picture(status, 'phone')
    }
    await status.leave()
  } finally {
    clearInterval(typing)
    for (const client of clients) await client[Symbol.asyncDispose]()
  }
})
