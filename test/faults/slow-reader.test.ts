import { afterEach, beforeEach, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { connectHocuspocus } from '../helpers/clients.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

let server: TestServer
beforeEach(async () => {
  server = await startServer({ nodeFlags: ['--max-semi-space-size=8'] })
})
afterEach(() => server.close())

const metric = async (name: string): Promise<number> => {
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1])
}

/** SLOW_READER_BYTES, and the one message that went over it. */
const boundBytes = 1024 * 1024 + 110_000

it('a client that stops reading costs bounded memory, delays nobody, and catches up when it reads again', async () => {
  const name = 'busy'
  await using writer = await connectHocuspocus(server, name, { user: 'writer' })
  await using reader = await connectHocuspocus(server, name, { user: 'reader' })
  await using slow = await connectHocuspocus(server, name, { user: 'slow' })
  await expect.poll(() => writer.isSaved && reader.isSaved && slow.isSaved).toBe(true)
  const map = writer.document.getMap<string>('map')
  const seen = reader.document.getMap<string>('map')
  const filler = 'x'.repeat(100_000)
  const write = async (count: number): Promise<number> => {
    let slowestMs = 0
    for (let i = 0; i < count; i++) {
      const startedAt = performance.now()
      map.set('value', `${i}${filler}`)
      await expect
        .poll(() => seen.get('value')?.startsWith(`${i}x`), { interval: 1, timeout: 5_000 })
        .toBe(true)
      slowestMs = Math.max(slowestMs, performance.now() - startedAt)
    }
    return slowestMs
  }
  const socket = slow.provider.configuration.websocketProvider.webSocket as unknown as WebSocket
  const controlMs = await write(100)
  socket.pause()
  let highestBytes = 0
  let slowestMs = 0
  // 80 MB are broadcast meanwhile.
  for (let round = 0; round < 8; round++) {
    slowestMs = Math.max(slowestMs, await write(100))
    highestBytes = Math.max(highestBytes, await metric('codraft_unsent_bytes'))
  }
  expect(await metric('codraft_slow_readers_total')).toBeGreaterThan(0)
  expect(highestBytes).toBeLessThan(boundBytes)
  expect(slowestMs).toBeLessThan(controlMs + 500)
  socket.resume()
  await expect
    .poll(() => slow.document.getMap('map').get('value') === map.get('value'), { timeout: 20_000 })
    .toBe(true)
  expect(slow.closeCodes).toEqual([])
}, 120_000)
