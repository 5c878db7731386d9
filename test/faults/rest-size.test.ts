import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { documentPath, restClient, type RestClient } from '../helpers/rest.ts'
import { startServer, type TestServer } from '../helpers/server.ts'

const mib = 1024 * 1024

let server: TestServer
let ada: RestClient
beforeEach(async () => {
  server = await startServer()
  ada = await restClient(server, 'ada')
})
afterEach(() => server.close())

/** Most memory that the server has ever had, MiB. */
const peakMiB = async (): Promise<number> => {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

it('a document of 20 MB is written, read, versioned and restored within 1.5 GiB', async () => {
  const paragraph = (i: number): string => `Paragraph ${i}: ${'lorem ipsum dolor sit amet '.repeat(74)}\n\n`
  const markdown = Array.from({ length: 10_000 }, (_, i) => paragraph(i)).join('')
  expect(markdown.length).toBeGreaterThan(19 * mib)
  const measure = async (what: string, work: () => Promise<{ status: number; bytes: Buffer }>) => {
    const startedAt = performance.now()
    const { status, bytes } = await work()
    expect([what, status]).toEqual([what, expect.toBeOneOf([200, 201])])
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    process.stdout.write(
      `${what}: ${seconds} s, ${bytes.length} bytes, peak ${Math.round(await peakMiB())} MiB\n`,
    )
  }
  const put = (body: string) =>
    ada.put(documentPath('large'), { body, headers: { 'content-type': 'text/markdown' } })
  await measure('PUT', () => put(markdown))
  for (const format of ['json', 'md', 'html', 'text', 'update'])
    await measure(`GET ${format}`, () => ada.get(documentPath('large'), { query: { format } }))
  let version = ''
  await measure('POST versions', async () => {
    const answer = await ada.post(documentPath('large', '/versions'), { body: {} })
    version = answer.json['id'] as string
    return answer
  })
  await measure('PUT with a change', () => put(`Changed.\n\n${markdown}`))
  await measure('restore', () => ada.post(documentPath('large', `/versions/${version}/restore`)))
  expect(await peakMiB()).toBeLessThan(1536)
})

it('10,000 documents are listed page by page within 64 MiB on top of the server', async () => {
  await ada.put(documentPath('first'), { body: 'makes the tables' })
  const store = new DatabaseSync(join(server.dataDir, 'store.sqlite'))
  store.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE')
  const add = store.prepare(
    `INSERT INTO documents (name, kind, created_at, updated_at) VALUES (?, 'document', 1, ?)`,
  )
  for (let i = 0; i < 10_000; i++) add.run(`listed/${i}`, i)
  store.exec('COMMIT')
  store.close()
  const before = await peakMiB()
  const seen = new Set<string>()
  let cursor: string | undefined
  let slowestMs = 0
  do {
    const startedAt = performance.now()
    const query = { limit: '200', ...(cursor !== undefined && { cursor }) }
    const { status, json } = await ada.get('/api/documents', { query })
    expect(status).toBe(200)
    slowestMs = Math.max(slowestMs, performance.now() - startedAt)
    for (const { name } of json['items'] as { name: string }[]) seen.add(name)
    cursor = json['cursor'] as string | undefined
  } while (cursor !== undefined)
  const grownMiB = Math.round((await peakMiB()) - before)
  process.stdout.write(`10,000 documents: slowest page ${Math.round(slowestMs)} ms, ${grownMiB} MiB more\n`)
  expect(seen.size).toBe(10_001)
  expect(grownMiB).toBeLessThan(64)
})
