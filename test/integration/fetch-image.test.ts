import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createImageFetcher } from '../../src/exports/index.ts'
import { pngOf } from '../helpers/png.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Serves on loopback, and counts the requests. */
const serve = async (
  listener: RequestListener,
): Promise<{ url: string; port: number; hits: () => number }> => {
  let hits = 0
  const server = createServer((request, response) => {
    hits++
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, hits: () => hits }
}

const isLoopback = (address: string): boolean => address === '127.0.0.1'

describe('addresses that only this server reaches are refused before anything is sent', () => {
  const addresses = (port: number): string[] => [
    `http://localhost:${port}/`,
    `http://127.0.0.1:${port}/`,
    `http://2130706433:${port}/`,
    `http://0x7f000001:${port}/`,
    `http://127.1:${port}/`,
    `http://0.0.0.0:${port}/`,
    `http://[::1]:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://[64:ff9b::7f00:1]:${port}/`,
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'file:///etc/passwd',
    'ftp://127.0.0.1/a.png',
    'gopher://127.0.0.1/',
    'not an address',
  ]

  test('all of them', async () => {
    const server = await serve((_, response) => response.end(pngOf(1, 1)))
    const fetchImage = createImageFetcher({ deadlineMs: 3000 })
    for (const address of addresses(server.port)) expect(await fetchImage(address), address).toBeUndefined()
    expect(server.hits()).toBe(0)
  })
})

describe('with loopback allowed', () => {
  test('an image is fetched', async () => {
    const png = pngOf(2, 2)
    const { url } = await serve((_, response) => response.end(png))
    const fetchImage = createImageFetcher({ isAllowed: isLoopback })
    expect(Buffer.from((await fetchImage(`${url}/a.png`)) ?? [])).toEqual(png)
  })

  test('a redirect is followed, and checked like the first address', async () => {
    const png = pngOf(2, 2)
    const target = await serve((_, response) => response.end(png))
    const { url } = await serve(({ url: path }, response) => {
      const location = path === '/good' ? `${target.url}/a.png` : 'http://127.0.0.2:1/a.png'
      response.writeHead(302, { location }).end()
    })
    const fetchImage = createImageFetcher({ isAllowed: isLoopback })
    expect(await fetchImage(`${url}/good`)).toBeDefined()
    expect(await fetchImage(`${url}/bad`)).toBeUndefined()
    expect(target.hits()).toBe(1)
  })

  test('redirects in a circle end', async () => {
    const server = await serve((_, response) => response.writeHead(302, { location: '/again' }).end())
    const fetchImage = createImageFetcher({ isAllowed: isLoopback, maxRedirects: 3 })
    expect(await fetchImage(server.url)).toBeUndefined()
    expect(server.hits()).toBe(4)
  })

  test('too many bytes are refused, whether or not they were announced', async () => {
    const { url } = await serve(({ url: path }, response) => {
      if (path === '/announced') response.writeHead(200, { 'content-length': '5000' })
      response.write(Buffer.alloc(2500))
      response.end(Buffer.alloc(2500))
    })
    const fetchImage = createImageFetcher({ isAllowed: isLoopback, maxBytes: 4000 })
    expect(await fetchImage(`${url}/announced`)).toBeUndefined()
    expect(await fetchImage(`${url}/streamed`)).toBeUndefined()
  })

  test('a server that never answers is given up', async () => {
    const { url } = await serve(() => undefined)
    const fetchImage = createImageFetcher({ isAllowed: isLoopback, deadlineMs: 200 })
    expect(await fetchImage(url)).toBeUndefined()
  })
})
