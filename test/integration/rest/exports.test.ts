import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeStateVector } from 'yjs'
import { decodeEvent, SqliteEventLog, type CodraftEvent } from '../../../extensions/events/index.ts'
import { filesWith } from '../../helpers/bytes.ts'
import { connectHocuspocus } from '../../helpers/clients.ts'
import { exportedFile, finishedExport, readExport, requestExport } from '../../helpers/exports.ts'
import { documentPath, restClient, type RestClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'
import { startWorkers } from '../../helpers/worker-process.ts'

const markdown = '# Minutes of May\n\n- one\n- two\n\nשלום **bold** 你好\n'

describe('exports', () => {
  let server: TestServer
  let owner: RestClient
  beforeEach(async () => {
    server = await startServer()
    owner = await restClient(server, 'olga', { documents: { '*': 'owner' } })
  })
  afterEach(() => server.close())

  const write = async (name: string, body = markdown) => {
    const { status } = await owner.put(documentPath(name), {
      headers: { 'content-type': 'text/markdown' },
      body,
    })
    expect(status).toBeLessThan(300)
  }
  const files = async (): Promise<string[]> =>
    (await readdir(join(server.dataDir, 'objects/exports'), { recursive: true })).filter((path) =>
      /\.\w+$/.test(path),
    )
  const notifications = async (): Promise<CodraftEvent<'export.ready'>[]> => {
    const log = await SqliteEventLog.open({ path: join(server.dataDir, 'events.sqlite') })
    const messages = await log.read('notifications')
    await log.close()
    return messages.map(decodeEvent).filter((event) => event.type === 'export.ready')
  }

  it('of a document become files with a link, in every format, and the user is told', async () => {
    await write('minutes')
    const viewer = await restClient(server, 'victor', { documents: { '*': 'viewer' } })
    for (const [format, start] of [
      ['pdf', '%PDF-1.7'],
      ['docx', 'PK'],
      ['txt', 'Minutes of May'],
      ['html', '<!doctype html>'],
      ['md', '# Minutes of May'],
    ] as const) {
      const view = await finishedExport(
        viewer,
        await requestExport(viewer, 'minutes', format, { title: 'May/June' }),
      )
      expect(view).toMatchObject({ state: 'done', progress: 100, file: { name: `May June.${format}` } })
      const response = await fetch(view.file!.url)
      const bytes = Buffer.from(await response.arrayBuffer())
      expect(bytes.toString('latin1').startsWith(start), format).toBe(true)
      expect(bytes).toHaveLength(view.file!.bytes)
      expect(response.headers.get('content-disposition')).toBe(`attachment; filename="May June.${format}"`)
      await expect
        .poll(async () => (await notifications()).at(-1))
        .toMatchObject({
          documentName: 'minutes',
          userId: 'victor',
          data: { exportId: view.id, format, state: 'ready', url: expect.stringContaining(server.url) },
        })
    }
    const told = (await notifications()).at(-1)!
    expect((await fetch(told.data.url!)).status).toBe(200)
  })

  it('show the document at one instant, whose state vector they keep', async () => {
    await using client = await connectHocuspocus(server, 'typed', { user: 'ann' })
    client.text.insert(0, 'first')
    await expect.poll(() => client.isSaved).toBe(true)
    const vector = Buffer.from(encodeStateVector(client.document)).toString('base64')
    const view = await finishedExport(owner, await requestExport(owner, 'typed', 'txt'))
    client.text.insert(5, ' second')
    await expect.poll(() => client.isSaved).toBe(true)
    expect(view.stateVector).toBe(vector)
    expect(await (await fetch(view.file!.url)).text()).toBe('first')
    expect((await exportedFile(owner, 'typed', 'txt')).toString()).toBe('first second')
  })

  it('of the same content share one file', async () => {
    await write('minutes')
    const [first, second] = [
      await exportedFile(owner, 'minutes', 'pdf'),
      await exportedFile(owner, 'minutes', 'pdf'),
    ]
    expect(first).toEqual(second)
    expect(await files()).toEqual([expect.stringMatching(/^minutes\/\d+-[0-9a-f]{12}\.pdf$/)])
    await write('minutes', 'another')
    await exportedFile(owner, 'minutes', 'pdf')
    expect(await files()).toHaveLength(2)
  })

  it('fail with a code where the document is too much, and those that follow do not', async () => {
    const images = Array.from({ length: 501 }, (_, index) => `![](https://example.com/${index}.png)`)
    await write('album', images.join('\n\n'))
    await write('minutes')
    const failing = await requestExport(owner, 'album', 'pdf')
    const next = await requestExport(owner, 'minutes', 'pdf')
    expect(await finishedExport(owner, failing)).toMatchObject({
      state: 'failed',
      error: { code: 'CODRAFT_EXPORT_TOO_LARGE', detail: expect.stringContaining('500 images') },
    })
    expect(await finishedExport(owner, next)).toMatchObject({ state: 'done' })
    await expect.poll(notifications).toContainEqual(
      expect.objectContaining({
        data: expect.objectContaining({
          exportId: failing,
          state: 'failed',
          code: 'CODRAFT_EXPORT_TOO_LARGE',
        }),
      }),
    )
  })

  it('are for those who may read the document', async () => {
    await write('minutes')
    const id = await requestExport(owner, 'minutes', 'md')
    await finishedExport(owner, id)
    const stranger = await restClient(server, 'sam', { documents: { other: 'owner' } })
    for (const answer of [
      await stranger.get(`/api/exports/${id}`),
      await stranger.get(documentPath('minutes', '/exports')),
      await stranger.post(documentPath('minutes', '/exports'), { body: { format: 'md' } }),
    ])
      expect([answer.status, answer.code]).toEqual([403, 'CODRAFT_DOCUMENT_FORBIDDEN'])
    const reader = await restClient(server, 'rita', { documents: { minutes: 'viewer' } })
    const { json } = await reader.get(documentPath('minutes', '/exports'))
    expect(json['items']).toEqual([expect.objectContaining({ id, state: 'done', requestedBy: 'olga' })])
  })

  it('are refused with a code: what is unknown, malformed or absent; a repeated request is one', async () => {
    await write('minutes')
    const post = async (name: string, body: unknown) => {
      const { status, code } = await owner.post(documentPath(name, '/exports'), { body })
      return [status, code]
    }
    for (const body of [
      { format: 'exe' },
      { format: 'pdf', options: { titel: 'x' } },
      { format: 'pdf', options: { language: '../x' } },
      { format: 'pdf', options: { header: 'x'.repeat(301) } },
      {},
    ])
      expect(await post('minutes', body)).toEqual([400, 'CODRAFT_REQUEST_INVALID'])
    expect(await post('absent', { format: 'pdf' })).toEqual([404, 'CODRAFT_DOCUMENT_NOT_FOUND'])
    const unknown = await owner.get('/api/exports/none')
    expect([unknown.status, unknown.code]).toEqual([404, 'CODRAFT_EXPORT_NOT_FOUND'])
    const headers = { 'idempotency-key': 'once' }
    const repeated = async () =>
      (await owner.post(documentPath('minutes', '/exports'), { headers, body: { format: 'md' } })).json['id']
    expect(await repeated()).toBe(await repeated())
  })

  it('go with the document and with the user who asked for them', async () => {
    const secret = 'the merger is on the ninth of May'
    await write('minutes', secret)
    await write('other')
    const view = await finishedExport(owner, await requestExport(owner, 'minutes', 'md'))
    const guest = await restClient(server, 'greta', { documents: { '*': 'viewer' } })
    await exportedFile(guest, 'other', 'txt')
    await exportedFile(owner, 'other', 'md')
    expect((await owner.delete(documentPath('minutes'), { query: { mode: 'erase' } })).status).toBe(204)
    expect((await fetch(view.file!.url)).status).toBe(410)
    expect(await filesWith(join(server.dataDir, 'objects'), secret)).toEqual([])
    expect(await owner.get(`/api/exports/${view.id}`)).toMatchObject({ status: 404 })
    expect(await files()).toHaveLength(2)
    expect((await guest.delete('/api/users/me')).status).toBe(200)
    expect(await files()).toEqual([expect.stringMatching(/^other\/.*\.md$/)])
  })
})

it('`codraft work exports` makes the files where the server does not, and takes over from one that was killed', async () => {
  const server = await startServer({ env: { WORKERS: 'none' } })
  try {
    const owner = await restClient(server, 'olga', { documents: { '*': 'owner' } })
    await owner.put(documentPath('minutes'), { headers: { 'content-type': 'text/markdown' }, body: markdown })
    const pages = Array.from({ length: 20_000 }, (_, index) => `Paragraph ${index} of a long document.`)
    await owner.put(documentPath('long'), { body: pages.join('\n\n') })
    const id = await requestExport(owner, 'minutes', 'pdf')
    expect((await readExport(owner, id)).state).toBe('queued')
    const long = await requestExport(owner, 'long', 'pdf')
    const eager = await restClient(server, 'eve', { documents: { '*': 'viewer' } })
    for (let count = 0; count < 10; count++) await requestExport(eager, 'minutes', 'txt')
    const eleventh = await eager.post(documentPath('minutes', '/exports'), { body: { format: 'txt' } })
    expect([eleventh.status, eleventh.code]).toEqual([429, 'CODRAFT_TOO_MANY_EXPORTS'])
    await using first = await startWorkers('exports', server)
    expect((await finishedExport(owner, id)).file?.name).toBe('minutes.pdf')
    await expect.poll(async () => (await readExport(owner, long)).state, { interval: 20 }).toBe('running')
    await first.kill('SIGKILL')
    expect((await readExport(owner, long)).state).toBe('running')
    await using second = await startWorkers('exports', server)
    const view = await finishedExport(owner, long)
    expect(view.state).toBe('done')
    expect((await fetch(view.file!.url)).status).toBe(200)
    expect(await second.kill('SIGTERM')).toBe(0)
  } finally {
    await server.close()
  }
}, 180_000)
