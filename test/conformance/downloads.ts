import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DownloadFile, Downloads } from '../../src/exports/index.ts'

export interface DownloadsUnderTest {
  readonly downloads: Downloads
  /** Moves the clock by which links are made and, where it is the server's own, checked. */
  passes(ms: number): void
  close(): Promise<void>
}

const hourMs = 3_600_000
const file: DownloadFile = {
  key: 'exports/minutes/1.pdf',
  fileName: 'Protokoll – „Mai“ 会议.pdf',
  mediaType: 'application/pdf',
}
const body = Uint8Array.from({ length: 3_000 }, (_, index) => (index * 31) % 256)

/** The suite that every driver of Downloads passes. `make` gives an empty one each time. */
export const downloadsConformance = (driver: string, make: () => Promise<DownloadsUnderTest>): void => {
  describe(`${driver}: the contract of downloads`, () => {
    let subject: DownloadsUnderTest
    let downloads: Downloads
    beforeEach(async () => {
      subject = await make()
      downloads = subject.downloads
    })
    afterEach(() => subject.close())

    const listed = async (prefix: string): Promise<string[]> =>
      (await Array.fromAsync(downloads.list(prefix))).sort()

    it('gives the very bytes by a link, as an attachment with its name', async () => {
      await downloads.put(file.key, body)
      const { url, expiresAt } = await downloads.link(file)
      const response = await fetch(url)
      expect(response.status).toBe(200)
      expect(new Uint8Array(await response.arrayBuffer())).toEqual(body)
      expect(response.headers.get('content-type')).toBe('application/pdf')
      const disposition = response.headers.get('content-disposition') ?? ''
      expect(disposition).toMatch(/^attachment; /)
      expect(disposition).toContain(`filename*=UTF-8''${encodeURIComponent(file.fileName)}`)
      expect(response.headers.get('cache-control')).toBe('private, no-store')
      expect(Math.abs(expiresAt - Date.now() - hourMs)).toBeLessThan(60_000)
    })

    it('refuses a link after its hour, and a new one works', async () => {
      await downloads.put(file.key, body)
      subject.passes(-hourMs - 2_000)
      const old = await downloads.link(file)
      subject.passes(hourMs + 2_000)
      expect((await fetch(old.url)).status).toBeGreaterThanOrEqual(400)
      const { url } = await downloads.link(file)
      expect((await fetch(url)).status).toBe(200)
    })

    it('refuses a link that was changed', async () => {
      await downloads.put(file.key, body)
      await downloads.put('exports/minutes/2.pdf', body)
      const { url } = await downloads.link(file)
      for (const tampered of tamper(url)) {
        const response = await fetch(tampered)
        expect(response.status, tampered).toBeGreaterThanOrEqual(400)
        expect(response.status, tampered).toBeLessThan(500)
      }
    })

    it('has nothing under a link whose file was deleted, and deletes again without complaint', async () => {
      await downloads.put(file.key, body)
      const { url } = await downloads.link(file)
      await downloads.delete(file.key)
      await downloads.delete(file.key)
      const response = await fetch(url)
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(response.status).toBeLessThan(500)
    })

    it('lists what was put under a prefix', async () => {
      for (const key of [file.key, 'exports/minutes/2.md', 'exports/other/1.pdf'])
        await downloads.put(key, body)
      expect(await listed('exports/minutes/')).toEqual([file.key, 'exports/minutes/2.md'])
      expect(await listed('exports/nothing/')).toEqual([])
    })
  })
}

/** Links that differ from `url` in what was signed or in the signature. */
const tamper = (url: string): string[] => {
  const change = (text: string, index: number): string =>
    text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1)
  const { pathname, search } = new URL(url)
  if (search === '') {
    // header.payload.signature; the last character of a part holds bits that say nothing.
    const token = pathname.split('/').at(-1)!
    const [header, payload, signature] = token.split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp: number; key: string }
    const forged = (changes: object): string =>
      [header, Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url'), signature].join(
        '.',
      )
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    return [
      `${header}.${payload}.${change(signature, 0)}`,
      `${header}.${payload}.${change(signature, 20)}`,
      forged({ exp: claims.exp + 1_000_000 }),
      forged({ key: claims.key.replace('1.pdf', '2.pdf') }),
      `${none}.${payload}.`,
      `${header}.${payload}`,
    ].map((changed) => url.replace(token, changed))
  }
  const query = (name: string, value: (old: string) => string): string => {
    const changed = new URL(url)
    changed.searchParams.set(name, value(changed.searchParams.get(name) ?? ''))
    return changed.href
  }
  return [
    url.replace('1.pdf?', '2.pdf?'),
    query('X-Amz-Signature', (old) => change(old, 0)),
    query('X-Amz-Expires', () => '604800'),
    query('response-content-type', () => 'text/html'),
  ]
}
