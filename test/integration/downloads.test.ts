import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import {
  EncryptedObjectStore,
  FolderObjectStore,
  type ObjectStore,
} from '../../extensions/snapshots/index.ts'
import { loadConfig } from '../../src/config.ts'
import { S3Downloads, ServerDownloads } from '../../src/exports/index.ts'
import type { RestServices } from '../../src/rest/services.ts'
import { openDownloads } from '../../src/downloads.ts'
import { createHttp } from '../../src/server/http.ts'
import { downloadsConformance } from '../conformance/downloads.ts'
import { testSecret } from '../helpers/server.ts'

/** A server of nothing but downloads, with a clock of its own. */
const serve = async (wrap: (objects: ObjectStore) => Promise<ObjectStore> = async (objects) => objects) => {
  const root = await mkdtemp(join(tmpdir(), 'codraft-downloads-'))
  const objects = await wrap(await FolderObjectStore.open({ root }))
  const lines: string[] = []
  let offsetMs = 0
  const url = (): string => `http://127.0.0.1:${(http.server.address() as AddressInfo).port}`
  const downloads = new ServerDownloads({
    objects,
    secret: testSecret,
    publicUrl: url,
    now: () => Date.now() + offsetMs,
  })
  const rest: Partial<RestServices> = {
    downloads,
    limits: { maxRequestsPerMinute: 1_000, maxBodyBytes: 1_024, maxUpdateBytes: 1_024 },
  }
  const http = await createHttp({
    logger: pino({ level: 'trace' }, { write: (line: string) => lines.push(line) }),
    registry: new Registry(),
    health: () => {
      throw new Error('not asked')
    },
    rest: rest as RestServices,
    trustedProxies: [],
    guestTokens: undefined,
  })
  await http.listen({ port: 0, host: '127.0.0.1' })
  return {
    downloads,
    root,
    url,
    lines,
    passes(ms: number): void {
      offsetMs += ms
    },
    async close(): Promise<void> {
      await http.close()
      objects.close()
      await rm(root, { recursive: true, force: true })
    },
  }
}

downloadsConformance('server', () => serve())
downloadsConformance('server, encrypted', () =>
  serve((objects) => EncryptedObjectStore.open({ objects, masterKeys: [Buffer.alloc(32, 'k')] })),
)

const file = { key: 'exports/doc/1.html', fileName: 'doc.html', mediaType: 'text/html; charset=utf-8' }

describe('links of the server', () => {
  it('run no script of a document, and leave no trace of the link in the log', async () => {
    const subject = await serve()
    try {
      await subject.downloads.put(file.key, Buffer.from('<script>alert(1)</script>'))
      const { url } = await subject.downloads.link(file)
      const response = await fetch(url)
      expect(response.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'")
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      expect(response.headers.get('referrer-policy')).toBe('no-referrer')
      subject.passes(7_200_000)
      const late = await fetch(url)
      expect(late.status).toBe(410)
      expect(await late.json()).toMatchObject({ code: 'CODRAFT_LINK_INVALID' })
      expect(subject.lines.join('')).not.toContain(url.split('/').at(-1)!.slice(0, 60))
    } finally {
      await subject.close()
    }
  })

  it('are no access tokens, nor do access tokens open files', async () => {
    const subject = await serve()
    try {
      await subject.downloads.put(file.key, Buffer.from('x'))
      const forged = await new SignJWT({ ...file, sub: 'tester' })
        .setProtectedHeader({ alg: 'HS256' })
        .setAudience('codraft:download')
        .setExpirationTime('1h')
        .sign(new TextEncoder().encode(testSecret))
      expect((await fetch(`${subject.url()}/api/downloads/${forged}`)).status).toBe(410)
    } finally {
      await subject.close()
    }
  })
})

it('files in a bucket have links to it, unless they are encrypted there', async () => {
  const driver = async (env: Record<string, string>) => {
    const config = loadConfig({ AUTH_JWT_SECRET: testSecret, ...env })
    const downloads = await openDownloads({ config, objects: {} as ObjectStore, url: () => 'http://codraft' })
    const { url } = await downloads.link(file)
    downloads.close()
    return { kind: downloads instanceof S3Downloads ? 's3' : 'server', host: new URL(url).host }
  }
  const s3 = { S3_BUCKET: 'b', S3_ENDPOINT: 'http://minio:9000' }
  process.env['AWS_ACCESS_KEY_ID'] = 'id'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'secret'
  expect(await driver({})).toEqual({ kind: 'server', host: 'codraft' })
  expect(await driver({ PUBLIC_URL: 'https://docs.example.com/' })).toEqual({
    kind: 'server',
    host: 'docs.example.com',
  })
  expect(await driver(s3)).toEqual({ kind: 's3', host: 'minio:9000' })
  expect(await driver({ ...s3, S3_PUBLIC_ENDPOINT: 'https://files.example.com' })).toEqual({
    kind: 's3',
    host: 'files.example.com',
  })
  const key = Buffer.alloc(32, 'k').toString('base64')
  expect(await driver({ ...s3, SNAPSHOT_ENCRYPTION_KEY: key })).toEqual({ kind: 'server', host: 'codraft' })
})
