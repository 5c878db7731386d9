import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { connectHocuspocus } from '../../helpers/clients.ts'
import { documentPath, restClient } from '../../helpers/rest.ts'
import { startServer, type TestServer } from '../../helpers/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

const documentOf = (update: Uint8Array): Y.Doc => {
  const document = new Y.Doc()
  Y.applyUpdate(document, update)
  return document
}

const textUpdate = (text: string): Uint8Array => {
  const document = new Y.Doc()
  document.getText('text').insert(0, text)
  return Y.encodeStateAsUpdate(document)
}

describe('GET ?format=update', () => {
  it('reads the live state while the document is open, and the stored one after a restart', async () => {
    const name = 'reports/2026/ü & co'
    const client = await restClient(server)
    {
      await using editor = await connectHocuspocus(server, name)
      editor.text.insert(0, 'typed')
      await expect.poll(() => editor.isSaved).toBe(true)
      const live = await client.get(documentPath(name), { query: { format: 'update' } })
      expect(live.headers.get('content-type')).toBe('application/octet-stream')
      expect(documentOf(live.bytes).getText('text').toJSON()).toBe('typed')
    }
    await server.restart('SIGKILL')
    const stored = await client.get(documentPath(name), { query: { format: 'update' } })
    expect(documentOf(stored.bytes).getText('text').toJSON()).toBe('typed')
  })

  it('answers 404 for a document without content, 403 without a role, 400 for a format that does not exist', async () => {
    const client = await restClient(server)
    const missing = await client.get(documentPath('missing'), { query: { format: 'update' } })
    expect([missing.status, missing.code]).toEqual([404, 'CODRAFT_DOCUMENT_NOT_FOUND'])
    const stranger = await restClient(server, 'eve', { documents: { other: 'owner' } })
    const forbidden = await stranger.get(documentPath('missing'))
    expect([forbidden.status, forbidden.code]).toEqual([403, 'CODRAFT_DOCUMENT_FORBIDDEN'])
    const format = await client.get(documentPath('missing'), { query: { format: 'docm' } })
    expect([format.status, format.code]).toEqual([400, 'CODRAFT_REQUEST_INVALID'])
    expect(format.json['detail']).toContain('format')
  })
})

describe('a document that was edited this moment', () => {
  it('is known at once: what it is can be read and changed, and it goes into the bin', async () => {
    const client = await restClient(server, 'olga', { documents: { '*': 'owner' } })
    for (const [name, ask] of [
      ['told', (path) => client.get(`${path}/about`)],
      ['titled', (path) => client.patch(`${path}/about`, { body: { title: 'New' } })],
      ['binned', (path) => client.delete(path)],
    ] as const satisfies readonly [string, (path: string) => Promise<{ status: number }>][]) {
      await using editor = await connectHocuspocus(server, name)
      editor.text.insert(0, 'typed')
      await expect.poll(() => editor.isSaved, { interval: 5 }).toBe(true)
      expect((await ask(documentPath(name))).status, name).toBeLessThan(300)
    }
    const missing = await client.get(documentPath('never', '/about'))
    expect([missing.status, missing.code]).toEqual([404, 'CODRAFT_DOCUMENT_NOT_FOUND'])
  })
})

describe('PATCH with a Yjs update', () => {
  it('reaches open editors and is durable when it is answered', async () => {
    const name = 'patched'
    await using editor = await connectHocuspocus(server, name)
    const client = await restClient(server)
    const { status } = await client.patch(documentPath(name), { body: textUpdate('from a back end') })
    expect(status).toBe(204)
    await server.restart('SIGKILL')
    const { bytes } = await client.get(documentPath(name), { query: { format: 'update' } })
    expect(documentOf(bytes).getText('text').toJSON()).toBe('from a back end')
    await expect.poll(() => editor.text.toJSON()).toBe('from a back end')
  })

  it('needs the role of an editor', async () => {
    for (const role of ['viewer', 'commenter'] as const) {
      const reader = await restClient(server, role, { documents: { '*': role } })
      const { status, code } = await reader.patch(documentPath('read-only'), { body: textUpdate('no') })
      expect([status, code]).toEqual([403, 'CODRAFT_ROLE_INSUFFICIENT'])
    }
  })

  it('refuses what would damage the document, and what builds on edits that the server lacks', async () => {
    const client = await restClient(server)
    const malformed = await client.patch(documentPath('guarded'), { body: Uint8Array.of(1, 2, 3, 255) })
    expect([malformed.status, malformed.code]).toEqual([400, 'CODRAFT_UPDATE_REJECTED'])
    const document = documentOf(textUpdate('first'))
    const before = Y.encodeStateVector(document)
    document.getText('text').insert(5, ' second')
    const gap = await client.patch(documentPath('guarded'), { body: Y.encodeStateAsUpdate(document, before) })
    expect([gap.status, gap.code]).toEqual([409, 'CODRAFT_UPDATE_GAP'])
    const whole = await client.patch(documentPath('guarded'), { body: Y.encodeStateAsUpdate(document) })
    expect(whole.status).toBe(204)
  })
})

describe('PATCH with ops', () => {
  it('edits a text as it is, in either form and unit, or refuses without changing anything', async () => {
    const name = 'ops'
    const client = await restClient(server)
    await using editor = await connectHocuspocus(server, name)
    const patch = (body: unknown, headers?: Record<string, string>) =>
      client.patch(documentPath(name), { body, ...(headers && { headers }) })
    expect((await patch({ root: 'text', ops: [{ insert: 'hello 👍 world' }] })).status).toBe(204)
    expect((await patch({ ops: [{ retain: 5 }, { delete: 1 }, { insert: ', ' }] })).status).toBe(204)
    expect(
      (await patch({ units: 'codepoint', ops: [{ position: 7, delete: 1, insert: 'dear' }] })).status,
    ).toBe(204)
    await expect.poll(() => editor.text.toJSON()).toBe('hello, dear world')
    const beyond = await patch({
      ops: [
        { position: 1, delete: 3 },
        { position: 99, insert: 'x' },
      ],
    })
    expect([beyond.status, beyond.code]).toEqual([400, 'CODRAFT_EDIT_INVALID'])
    expect((await patch({ ops: 'x' })).code).toBe('CODRAFT_REQUEST_INVALID')
    const changed = await patch({ ops: [{ insert: 'x' }] }, { 'if-match': '"another state"' })
    expect([changed.status, changed.code]).toEqual([412, 'CODRAFT_DOCUMENT_CHANGED'])
    expect(editor.text.toJSON()).toBe('hello, dear world')
    await client.put(documentPath('rich'), { body: '# Rich', headers: { 'content-type': 'text/markdown' } })
    const rich = await client.patch(documentPath('rich'), { body: { ops: [{ insert: 'x' }] } })
    expect(rich.code).toBe('CODRAFT_EDIT_INVALID')
  })
})
