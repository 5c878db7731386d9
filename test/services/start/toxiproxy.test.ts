import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { startProxy } from '../../helpers/toxiproxy.ts'

it('Toxiproxy cuts, mends and delays a connection', async () => {
  const server = createServer((_, response) => response.end('served')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startProxy(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  const get = async (): Promise<string> =>
    (await fetch(`http://${proxy.address}`, { headers: { connection: 'close' } })).text()

  expect(await get()).toBe('served')
  await proxy.cut()
  await expect(get()).rejects.toThrow()
  await proxy.mend()
  await proxy.add({ type: 'latency', attributes: { latency: 300 } })
  const startedAt = performance.now()
  expect(await get()).toBe('served')
  expect(performance.now() - startedAt).toBeGreaterThan(290)

  await proxy.close()
  server.close()
})
