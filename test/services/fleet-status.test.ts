import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium, visit } from '../browser/pages.ts'
import { connectHocuspocus } from '../helpers/clients.ts'
import { startFleet, type Fleet } from '../helpers/fleet.ts'
import { restClient } from '../helpers/rest.ts'
import type { TestServer } from '../helpers/server.ts'
import { serviceVariable } from '../helpers/services.ts'
import { testToken } from '../helpers/tokens.ts'
import { startProxy, type Proxy } from '../helpers/toxiproxy.ts'
import type { Status } from '../../src/rest/status-schema.ts'

let proxy: Proxy
let fleet: Fleet
beforeAll(async () => {
  const redisUrl = serviceVariable('CODRAFT_TEST_REDIS_URL')
  const { host } = new URL(redisUrl)
  proxy = await startProxy(host)
  // The first one reaches Redis by the proxy.
  const redisUrls = [redisUrl.replace(host, proxy.address), redisUrl, redisUrl]
  fleet = await startFleet({ redisUrls, env: { OPERATORS: 'olga' } })
})
afterAll(async () => {
  await fleet.close()
  await proxy.close()
})

const patience = { timeout: 40_000 }
const statusOf = async (server: TestServer): Promise<Status> => {
  const { json } = await (await restClient(server, 'olga')).get('/api/status')
  return json as unknown as Status
}
/** The states of the others, as `server` sees them. */
const othersOf = async (server: TestServer): Promise<string[]> => {
  const { instance, fleet = [] } = await statusOf(server)
  return fleet.filter((member) => member.instance !== instance).map(({ state }) => state)
}
const folder = process.env['CODRAFT_SCREENSHOTS']

it('the status of any instance shows all of them, and one that is dead or cut off as what it is', async () => {
  const [first, second, third] = fleet.instances as [TestServer, TestServer, TestServer]
  await using a = await connectHocuspocus(first, 'shared', { user: 'ann' })
  await using b = await connectHocuspocus(second, 'shared', { user: 'bob' })
  await using c = await connectHocuspocus(second, 'other', { user: 'bob' })
  a.text.insert(0, 'hello')
  await expect.poll(() => b.text.toJSON()).toBe('hello')
  await expect.poll(() => c.isSaved).toBe(true)

  // Each tells with its next heartbeat.
  for (const server of fleet.instances) {
    await expect.poll(() => othersOf(server), patience).toEqual(['ready', 'ready'])
    await expect
      .poll(async () => {
        const { fleet = [] } = await statusOf(server)
        return fleet.map(({ summary }) => summary?.connections.open ?? -1).toSorted((a, b) => a - b)
      }, patience)
      .toEqual([0, 1, 2])
  }
  const { fleet: members = [] } = await statusOf(third)
  const shared = members.flatMap(({ summary }) =>
    (summary?.documents.busiest ?? []).filter(({ name }) => name === 'shared'),
  )
  expect(shared).toEqual([
    { name: 'shared', connections: 1 },
    { name: 'shared', connections: 1 },
  ])

  await using browser = await launchChromium()
  const token = await testToken('olga')
  const { page } = await visit(browser, `${first.url}/status#token=${token}`)
  const card = (name: string) => page.locator(`section[aria-label="${name}"]`)
  const picture = async (name: string): Promise<void> => {
    if (folder !== undefined) await page.screenshot({ path: `${folder}/fleet-${name}.png`, fullPage: true })
  }
  await expect.poll(() => card('Instances').locator('tbody tr').count(), patience).toBe(3)
  await expect.poll(() => card('Connections').textContent(), patience).toContain('3of')
  await expect.poll(() => card('Busiest documents').textContent(), patience).toContain('shared2')
  // Edits are published meanwhile, and nothing is wrong with that either.
  await expect.poll(async () => (await statusOf(first)).events.oldestUnpublishedMs, patience).toBe(0)
  expect(await card('Warnings and errors').textContent()).toContain('None since the start.')
  await picture('three')

  await third.kill('SIGKILL')
  await expect.poll(() => othersOf(first), patience).toContain('gone')
  await expect.poll(() => card('Instances').textContent(), patience).toContain('gone')
  await picture('gone')

  await proxy.cut()
  await expect.poll(async () => (await othersOf(first)).toSorted(), patience).toEqual(['gone', 'unknown'])
  await expect.poll(() => card('Instances').textContent(), patience).toContain('Redis cannot be reached')
  await expect.poll(() => page.locator('#state').textContent(), patience).not.toBe('All is well')
  await picture('cut')
  // The others see that it says nothing any more.
  await expect.poll(() => othersOf(second), patience).toEqual(['gone', 'gone'])

  await proxy.mend()
  await expect.poll(async () => (await othersOf(first)).toSorted(), patience).toEqual(['gone', 'ready'])

  await second.kill('SIGTERM')
  await expect.poll(() => othersOf(first), patience).toEqual(['gone'])
})
