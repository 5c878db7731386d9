import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectHocuspocus } from '../../helpers/clients.ts'
import { documentPath, restClient, type RestClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'

let server: TestServer
let client: RestClient
beforeAll(async () => {
  server = await startServer()
  client = await restClient(server)
})
afterAll(() => server.close())

const markdown = '# Plan\n\nFirst *paragraph*.\n\n- one\n- two\n'
const put = (name: string, body: string, type = 'text/markdown', headers: Record<string, string> = {}) =>
  client.put(documentPath(name), { body, headers: { 'content-type': type, ...headers } })
const read = (name: string, format: string) => client.get(documentPath(name), { query: { format } })

describe('PUT and GET', () => {
  it('write Markdown, read JSON, HTML, text and Markdown', async () => {
    const created = await put('plans/2026', markdown)
    expect(created.status).toBe(201)
    expect(created.json).toEqual({ etag: created.headers.get('etag') })
    const md = await read('plans/2026', 'md')
    expect([md.headers.get('content-type'), md.text]).toEqual(['text/markdown; charset=utf-8', markdown])
    const html = await read('plans/2026', 'html')
    expect(html.text).toContain('<em>paragraph</em>')
    expect(html.headers.get('content-security-policy')).toContain('sandbox')
    expect((await read('plans/2026', 'text')).text).toContain('First paragraph.')
    const { json } = await read('plans/2026', 'json')
    expect(json).toMatchObject({ type: 'doc', content: [{ type: 'heading' }, {}, { type: 'bulletList' }] })
    // And back again, in each of them.
    expect((await put('copy', JSON.stringify(json), 'application/json')).status).toBe(201)
    expect((await read('copy', 'md')).text).toBe(markdown)
    expect((await put('copy', html.text, 'text/html; charset=utf-8')).status).toBe(200)
    expect((await read('copy', 'md')).text).toBe(markdown)
    expect((await put('copy', 'just text', 'text/plain')).status).toBe(200)
    expect((await read('copy', 'text')).text.trim()).toBe('just text')
  })

  it('is durable when it is answered, and open editors see it happen', async () => {
    await using editor = await connectHocuspocus(server, 'seen')
    await put('seen', markdown)
    await expect
      .poll(() => JSON.stringify(editor.document.getXmlFragment('default').toJSON()))
      .toContain('Plan')
    await server.restart('SIGKILL')
    expect((await read('seen', 'md')).text).toBe(markdown)
  })

  it('answers 304 to the ETag it gave, and 412 to one that is no longer true', async () => {
    const { headers } = await put('tagged', markdown)
    const etag = headers.get('etag') as string
    const unchanged = await client.get(documentPath('tagged'), { headers: { 'if-none-match': etag } })
    expect(unchanged.status).toBe(304)
    const first = await put('tagged', 'A', 'text/markdown', { 'if-match': etag })
    expect(first.status).toBe(200)
    const second = await put('tagged', 'B', 'text/markdown', { 'if-match': etag })
    expect([second.status, second.code]).toEqual([412, 'CODRAFT_DOCUMENT_CHANGED'])
    expect((await read('tagged', 'text')).text.trim()).toBe('A')
    const deleted = await put('tagged', '', 'text/plain', { 'if-match': first.headers.get('etag') as string })
    expect(deleted.headers.get('etag')).not.toBe(first.headers.get('etag'))
  })

  it('does once what carries one idempotency key, also when the server is killed in between', async () => {
    const key = { 'idempotency-key': 'import-1' }
    const first = await put('once', markdown, 'text/markdown', key)
    const again = await put('once', 'something else', 'text/markdown', key)
    expect([again.status, again.json]).toEqual([201, first.json])
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    await server.restart('SIGKILL')
    expect((await put('once', 'something else', 'text/markdown', key)).json).toEqual(first.json)
    expect((await read('once', 'md')).text).toBe(markdown)
    const other = await restClient(server, 'another user')
    await other.put(documentPath('once'), { body: 'mine', headers: { 'content-type': 'text/plain', ...key } })
    expect((await read('once', 'text')).text.trim()).toBe('mine')
  })

  it('refuse what cannot be read, and leave no document behind', async () => {
    const invalid = await put('broken', '{"type": "doc", "content": 7}', 'application/json')
    expect([invalid.status, invalid.code]).toEqual([422, 'CODRAFT_CONTENT_INVALID'])
    expect((await read('broken', 'json')).code).toBe('CODRAFT_DOCUMENT_NOT_FOUND')
    const image = await put('broken', 'x', 'image/png')
    expect([image.status, image.code]).toEqual([415, 'CODRAFT_MEDIA_TYPE_UNSUPPORTED'])
    const name = await put(' ', 'x')
    expect([name.status, name.code]).toEqual([400, 'CODRAFT_DOCUMENT_NAME_INVALID'])
    const key = await put('broken', 'x', 'text/plain', { 'idempotency-key': 'with space' })
    expect([key.status, key.code]).toEqual([400, 'CODRAFT_REQUEST_INVALID'])
  })

  it('needs the role of an editor to write and any role to read', async () => {
    await put('guarded', markdown)
    const viewer = await restClient(server, 'victor', { documents: { guarded: 'viewer' } })
    expect((await viewer.get(documentPath('guarded'))).status).toBe(200)
    const write = await viewer.put(documentPath('guarded'), { body: 'no' })
    expect([write.status, write.code]).toEqual([403, 'CODRAFT_ROLE_INSUFFICIENT'])
    const stranger = await restClient(server, 'eve', { documents: {} })
    expect((await stranger.get(documentPath('guarded'))).code).toBe('CODRAFT_DOCUMENT_FORBIDDEN')
  })
})
