import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPushService, type TestPushService } from '../helpers/push-service.ts'
import { documentPath, restClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'
import { testToken } from '../helpers/tokens.ts'
import { launchChromium, visit } from './pages.ts'

let browser: Browser
let push: TestPushService
let server: TestServer
beforeAll(async () => {
  browser = await launchChromium()
  push = await startPushService()
  server = await startServer({ env: push.env })
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
  await push?.[Symbol.asyncDispose]()
})

const ownRoles = { documents: null }

/** Takes the place of the push service of the browser, which is out of reach of a test; all else is its own. */
const pretendSubscription = (json: unknown): string => `
  let current = null
  PushManager.prototype.getSubscription = async () => current
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    const text = atob(applicationServerKey.replaceAll('-', '+').replaceAll('_', '/'))
    const json = ${JSON.stringify(json)}
    return (current ??= {
      endpoint: json.endpoint,
      options: { applicationServerKey: Uint8Array.from(text, (letter) => letter.charCodeAt(0)).buffer },
      toJSON: () => json,
      unsubscribe: async () => ((current = null), true),
    })
  }`

test('the page subscribes when it is allowed to, the worker shows what comes, and a click opens the document', async () => {
  const token = await testToken('bob', { ...ownRoles, name: 'Bob' })
  const bob = await restClient(server, 'bob', ownRoles)
  const device = push.subscribe((await bob.get('/api/push/key')).json['key'] as string)
  const { page, errors, leave } = await visit(browser, `${server.url}/?doc=own&token=${token}`, {
    viewport: { width: 1200, height: 760 },
    permissions: ['notifications'],
  })
  await page.context().addInitScript(pretendSubscription(device.json))
  await page.reload()
  await page.locator('#bell').click()
  const control = page.locator('.switch')
  await control.waitFor()
  expect(await control.getAttribute('aria-checked')).toBe('false')
  await control.click()
  await expect.poll(() => control.getAttribute('aria-checked')).toBe('true')

  const grant = async (name: string): Promise<void> => {
    const ada = await restClient(server, 'ada', { ...ownRoles, name: 'Ada Lovelace' })
    await ada.put(documentPath(name), { body: name })
    await ada.put(documentPath(name, '/grants/bob'), { body: { role: 'editor' } })
  }
  await grant('Plans')
  await expect.poll(() => device.received.length).toBe(1)
  const shot = process.env['CODRAFT_SHOTS']
  if (shot) await page.screenshot({ path: `${shot}/push-switch.png` })

  const devtools = await page.context().newCDPSession(page)
  const registered = new Promise<string>((resolve) => {
    devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [first] }) => {
      if (first) resolve(first.registrationId)
    })
  })
  await devtools.send('ServiceWorker.enable')
  await devtools.send('ServiceWorker.deliverPushMessage', {
    origin: server.url,
    registrationId: await registered,
    data: JSON.stringify(device.received[0]!.message),
  })
  const shown = (): Promise<unknown> =>
    page.evaluate(`navigator.serviceWorker.ready
      .then((registration) => registration.getNotifications())
      .then((all) => all.map(({ title, body, data }) => ({ title, body, url: data.url })))`)
  await expect.poll(shown).toEqual([
    {
      title: 'Plans',
      body: 'Ada Lovelace invited you to edit “Plans”',
      url: `${server.url}/?doc=Plans`,
    },
  ])

  // Only a person may open or focus a window: what the worker asks for is noted instead.
  const [worker] = page.context().serviceWorkers()
  const click = (): Promise<unknown> =>
    worker!.evaluate(`(async () => {
      const asked = []
      self.clients.openWindow = async (url) => void asked.push(['open', url])
      WindowClient.prototype.focus = async function () { asked.push(['focus', this.url]) }
      const [notification] = await self.registration.getNotifications()
      let done
      const event = new NotificationEvent('notificationclick', { notification })
      event.waitUntil = (work) => (done = work)
      self.dispatchEvent(event)
      await done
      return asked
    })()`)
  expect(await click()).toEqual([['open', `${server.url}/?doc=Plans`]])
  await expect.poll(shown).toEqual([])

  await control.click()
  await expect.poll(() => control.getAttribute('aria-checked')).toBe('false')
  await grant('More plans')
  await expect.poll(() => page.locator('.bell-list li').count()).toBe(2)
  expect(device.received).toHaveLength(1)
  expect(errors).toEqual([])
  await leave()
})

test('a browser that cannot reach its push service says so', async () => {
  const token = await testToken('eve', { ...ownRoles, name: 'Eve' })
  const { page, errors, leave } = await visit(browser, `${server.url}/?doc=own&token=${token}`)
  await page.context().addInitScript(`
    Notification.requestPermission = async () => 'granted'
    PushManager.prototype.subscribe = async () => { throw new DOMException('no service', 'AbortError') }`)
  await page.reload()
  await page.locator('#bell').click()
  await page.locator('.switch').click()
  await expect.poll(() => page.locator('.push-switch .label').textContent()).toMatch(/could not subscribe/)
  expect(await page.locator('.switch').getAttribute('aria-checked')).toBe('false')
  expect(errors).toEqual([])
  await leave()
})
